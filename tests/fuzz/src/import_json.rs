//! Import files of JSON lines (`shared::import`, `service.md` §5.2).

use shared::import::{Content, json_item, json_items};

/// An accepted item, written again, is the same item; a broken line stays where it is.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut expected = 0;
    for (line, raw) in json_items(text).zip(text.lines()) {
        expected += 1;
        assert_eq!(line.number, expected);
        assert_eq!(line.content, json_item(raw), "{raw}");
        match &line.content {
            Content::Item(_, item) => {
                let again = json_item(&format!(" {item}\r"));
                assert_eq!(again, line.content, "{raw}");
            }
            Content::Broken(error, column) => {
                assert_eq!(error.code.status(), 400, "{raw}");
                assert!(column.is_none_or(|at| at <= raw.len() + 1), "{raw}");
            }
            Content::Nothing => assert!(!raw.starts_with('{'), "{raw}"),
        }
    }
    assert_eq!(expected, text.lines().count());
}
