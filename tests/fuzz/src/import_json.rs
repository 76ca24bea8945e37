//! Import files of JSON lines (`shared::import`, `service.md` §5.2).

use shared::import::{Content, Format, Reader, json_item, read};

/// An accepted item, written again, is the same item; a broken line stays where it is; pieces
/// may end anywhere.
pub fn check(data: &[u8]) {
    let lines = read(Format::Json, data).expect("lines always make sense");
    let mut pieces = Vec::new();
    let mut reader = Reader::new(Format::Json);
    for piece in data.chunks(3) {
        reader.push(piece, &mut pieces).expect("as before");
    }
    reader.finish(&mut pieces).expect("as before");
    assert_eq!(pieces, lines);

    let raw: Vec<&[u8]> = data.split_inclusive(|byte| *byte == b'\n').collect();
    assert_eq!(lines.len(), raw.len());
    for ((line, raw), number) in lines.iter().zip(raw).zip(1..) {
        let raw = raw.strip_suffix(b"\n").unwrap_or(raw);
        assert_eq!(line.number, number);
        assert_eq!(line.content, json_item(raw), "{raw:?}");
        match &line.content {
            Content::Item(_, item) => {
                let again = json_item(format!(" {item}\r").as_bytes());
                assert_eq!(again, line.content, "{raw:?}");
            }
            Content::Broken(error, column) => {
                assert_eq!(error.code.status(), 400, "{raw:?}");
                assert!(column.is_none_or(|at| at <= raw.len() + 1), "{raw:?}");
            }
            Content::Nothing => assert!(!raw.starts_with(b"{"), "{raw:?}"),
        }
    }
}
