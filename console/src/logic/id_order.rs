//! Ids between ids. The hub lists devices in the order of their ids and tells of any text how many
//! ids do not come after it, so a row far down is found by trying texts: this guesses one. It
//! must never answer a text outside of the two it was given, or the search would not end.

/// How many characters behind the common beginning are reckoned with: more than these no fleet
/// needs to be told apart.
const DEPTH: usize = 10;

/// Characters that ids are made of, in their order: the smallest set that fits makes the best
/// guess, since the others do not turn up.
const ALPHABETS: [&str; 5] = [
    "0123456789",
    "0123456789abcdef",
    "-0123456789abcdef",
    "-0123456789abcdefghijklmnopqrstuvwxyz",
    "!#$%&'()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~",
];

/// A text behind `low` and before `high`, about as far from the one to the other as `part` (0 to
/// 1) says, if ids are spread evenly. `None` if there is no room.
pub fn between(low: &str, high: &str, part: f64) -> Option<String> {
    if low >= high {
        return None;
    }
    let same = low
        .bytes()
        .zip(high.bytes())
        .take_while(|(one, other)| one == other)
        .count();
    let (low_rest, high_rest) = (low.get(same..)?, high.get(same..)?);
    ALPHABETS
        .iter()
        .filter_map(|alphabet| guess(alphabet.as_bytes(), low_rest, high_rest, part))
        .map(|rest| format!("{}{rest}", low.get(..same).unwrap_or_default()))
        .find(|found| found.as_str() > low && found.as_str() < high)
}

/// A text behind all ids that look like this one: the same words, then the greatest of whatever
/// its numbers are written with.
pub fn beyond(id: &str) -> String {
    let words = id.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
    let (words, numbers) = id.split_at(words);
    let fits = |alphabet: &&&str| numbers.chars().all(|c| alphabet.contains(c));
    let top = ALPHABETS
        .iter()
        .find(fits)
        .and_then(|alphabet| alphabet.chars().last());
    let top = top.unwrap_or('~').to_string();
    let text = format!("{words}{}", top.repeat(numbers.len().max(1)));
    if text.as_str() > id {
        text
    } else {
        // Behind all that an id can be.
        "~".repeat(8)
    }
}

/// A text about so many rows behind an id, if what follows goes on as it came: `earlier` stands
/// `rows` before it.
pub fn ahead(earlier: &str, rows: u64, id: &str, more: u64) -> String {
    let words = id.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
    let (words, numbers) = id.split_at(words);
    let guess = earlier.strip_prefix(words).and_then(|before| {
        let depth = numbers.len().max(before.len()).min(DEPTH);
        let fits = |alphabet: &&&str| {
            [before, numbers]
                .iter()
                .all(|text| text.chars().all(|c| alphabet.contains(c)))
        };
        let alphabet = ALPHABETS.iter().find(fits)?.as_bytes();
        let (from, to) = (
            value(alphabet, before, depth)?,
            value(alphabet, numbers, depth)?,
        );
        let step = (to - from) / rows.max(1) as f64;
        let wanted = to + step * more as f64;
        let most = (alphabet.len() as f64).powf(depth as f64);
        (wanted < most).then(|| format!("{words}{}", written(alphabet, wanted, depth)))
    });
    guess
        .filter(|guess| guess.as_str() > id)
        .unwrap_or_else(|| beyond(id))
}

/// The guess in one alphabet; `None` if one of the two is not written in it.
fn guess(alphabet: &[u8], low: &str, high: &str, part: f64) -> Option<String> {
    // One more than they have, for what lies between neighbours.
    let depth = (low.len().max(high.len()) + 1).min(DEPTH);
    let (from, to) = (value(alphabet, low, depth)?, value(alphabet, high, depth)?);
    let wanted = from + (to - from) * part.clamp(0.0, 1.0);
    Some(written(alphabet, wanted, depth))
}

/// A text as a number of so many digits; `None` if it is not written in the alphabet. Where it has
/// ended counts as its least character: so numbers of one length are spread evenly.
fn value(alphabet: &[u8], text: &str, depth: usize) -> Option<f64> {
    let mut sum = 0.0;
    for place in 0..depth {
        let digit = match text.as_bytes().get(place) {
            None => 0,
            Some(byte) => alphabet.iter().position(|known| known == byte)?,
        };
        sum = sum * alphabet.len() as f64 + digit as f64;
    }
    Some(sum)
}

/// A number as a text of so many digits.
fn written(alphabet: &[u8], number: f64, depth: usize) -> String {
    let base = alphabet.len() as f64;
    let mut rest = number.floor();
    let mut digits = Vec::with_capacity(depth);
    for _ in 0..depth {
        let digit = rest % base;
        digits.push(digit as usize);
        rest = ((rest - digit) / base).floor();
    }
    let characters = digits.iter().rev().filter_map(|digit| alphabet.get(*digit));
    characters.map(|byte| char::from(*byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::{ahead, between, beyond};

    #[test]
    fn what_goes_on_is_found_ahead() {
        assert_eq!(
            ahead("pump-000000", 99, "pump-000099", 70_000),
            "pump-070099"
        );
        assert_eq!(
            ahead("pump-000000", 99, "pump-000099", 70_000_000),
            "pump-999999"
        );
        assert!(ahead("boiler-1", 9, "pump-000099", 5).as_str() > "pump-000099");
        assert_eq!(ahead("", 0, "", 5), "9");
    }

    #[test]
    fn what_looks_alike_comes_before() {
        assert_eq!(beyond("pump-000099"), "pump-999999");
        assert_eq!(beyond("0a-3f"), "fffff");
        assert_eq!(beyond("Site1/x"), "Site~~~");
        assert_eq!(beyond("pump-999999"), "~~~~~~~~");
        assert_eq!(beyond("abc"), "fff");
        assert!(beyond("zzz").as_str() > "zzz");
        assert_eq!(beyond(""), "9");
    }

    #[test]
    fn numbers_are_found_at_once() {
        let middle = between("pump-000000", "pump-099999", 0.5);
        assert_eq!(middle.as_deref(), Some("pump-0499995"));
    }

    #[test]
    fn a_guess_lies_strictly_between() {
        let pairs = [
            ("a", "b"),
            ("", "pump-1"),
            ("pump-1", "pump-10"),
            ("boiler-7", "valve-99"),
            ("A", "z"),
            ("00ff", "ff00"),
            ("a%2", "a~"),
        ];
        for (low, high) in pairs {
            for part in [0.0, 0.01, 0.5, 0.99, 1.0] {
                if let Some(found) = between(low, high, part) {
                    assert!(
                        found.as_str() > low && found.as_str() < high,
                        "{low} {found} {high}"
                    );
                }
            }
            assert!(
                between(low, high, 0.5).is_some() || high.starts_with(low),
                "{low} {high}"
            );
        }
    }

    #[test]
    fn where_there_is_no_room_nothing_is_found() {
        assert_eq!(between("a", "a", 0.5), None);
        assert_eq!(between("b", "a", 0.5), None);
    }
}
