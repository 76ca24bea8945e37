//! Every seed, and a fixed set of changes to the seeds, through the fuzzer's checks.
//!
//! What is tried is the same in every run, so a failure is the code's. `cargo xtask fuzz` looks
//! further; an input that it finds becomes a seed in `corpus/`.

use fuzzing::{conditions, import_csv, import_json, router, sas_token};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngSeed, TestRunner};
use std::path::Path;

const CASES: u32 = 20_000;

/// A change to a seed; places are relative, so that it fits any length.
#[derive(Debug, Clone)]
enum Change {
    Replace(Index, u8),
    TurnBit(Index, u8),
    Insert(Index, &'static str),
    Remove(Index, Index),
    Repeat(Index, Index),
}

/// An input that a failure shows as text.
#[derive(Clone)]
struct Input(Vec<u8>);

impl std::fmt::Debug for Input {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "b\"{}\"", self.0.escape_ascii())
    }
}

fn changes(words: &'static [&'static str]) -> impl Strategy<Value = Vec<Change>> {
    let place = any::<Index>;
    let change = prop_oneof![
        1 => (place(), any::<u8>()).prop_map(|(at, byte)| Change::Replace(at, byte)),
        1 => (place(), 0..8_u8).prop_map(|(at, bit)| Change::TurnBit(at, bit)),
        4 => (place(), select(words)).prop_map(|(at, word)| Change::Insert(at, word)),
        1 => (place(), place()).prop_map(|(from, to)| Change::Remove(from, to)),
        1 => (place(), place()).prop_map(|(from, to)| Change::Repeat(from, to)),
    ];
    proptest::collection::vec(change, 0..6)
}

fn changed(seed: &[u8], changes: &[Change]) -> Input {
    let mut data = seed.to_vec();
    for change in changes {
        let end = data.len() + 1;
        match change {
            Change::Replace(at, byte) if !data.is_empty() => {
                let at = at.index(data.len());
                data[at] = *byte;
            }
            Change::TurnBit(at, bit) if !data.is_empty() => {
                let at = at.index(data.len());
                data[at] ^= 1 << bit;
            }
            Change::Replace(..) | Change::TurnBit(..) => {}
            Change::Insert(at, word) => {
                let at = at.index(end);
                data.splice(at..at, word.bytes());
            }
            Change::Remove(from, to) => {
                let (from, to) = (from.index(end), to.index(end));
                data.drain(from.min(to)..from.max(to));
            }
            Change::Repeat(from, to) => {
                let (from, to) = (from.index(end), to.index(end));
                let part = data[from.min(to)..from.max(to)].to_vec();
                data.splice(to..to, part);
            }
        }
    }
    Input(data)
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target);
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} has no seeds", folder.display());
    files
        .iter()
        .map(|file| std::fs::read(file).unwrap())
        .collect()
}

fn run(target: &str, check: fn(&[u8]), words: &'static [&'static str]) {
    let seeds = seeds(target);
    for seed in &seeds {
        check(seed);
    }
    let config = Config {
        cases: CASES,
        rng_seed: RngSeed::Fixed(0x5ce7),
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..Config::default()
    };
    let inputs =
        (select(seeds), changes(words)).prop_map(|(seed, changes)| changed(&seed, &changes));
    let outcome = TestRunner::new(config).run(&inputs, |input| {
        check(&input.0);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{target}: {failure}");
    }
}

#[test]
fn paths_lead_to_operations_and_back() {
    let words = &[
        "/",
        "//",
        "%2F",
        "%2f",
        "%",
        "%25",
        "%C3%A9",
        "%ff",
        "devices",
        "/modules/m",
        "/query",
        "twins/",
        "api/v1/",
        "/messages/deviceBound",
        "messages/serviceBound/feedback/",
        "/abandon",
        "archive/devices/",
        "/methods",
        ".",
        "é",
    ];
    run("router", router::check, words);
}

#[test]
fn tokens_say_the_same_when_written_anew_and_never_pass_with_a_turned_bit() {
    let words = &[
        "SharedAccessSignature ",
        "sr=",
        "&sig=",
        "&se=",
        "&skn=",
        "&",
        "=",
        "%",
        "%26",
        "%3d",
        " ",
        "\t",
        "\u{a0}",
        "SE",
        "9999999999999999999",
        "0.5",
        "/devices/pump",
        "hub.example",
    ];
    run("sas_token", sas_token::check, words);
}

#[test]
fn lines_of_json_are_the_same_item_when_written_again() {
    let words = &[
        "{",
        "}",
        "\"",
        "\\u0000",
        "\\ud83d",
        "\n",
        "\r\n",
        "\u{feff}",
        "\"id\":\"a\"",
        "\"ID\":",
        "\"moduleId\":\"m\",",
        "null",
        "1e400",
        "0.1",
        "-0",
        "18446744073709551616",
        "[",
        "]",
        ",",
        "1.7976931348623157e308",
        "2.2250738585072014e-308",
    ];
    run("import_json", import_json::check, words);
}

#[test]
fn rows_of_tables_are_the_same_item_as_json_and_as_a_table() {
    let words = &[
        "\"",
        "\"\"",
        ",",
        "\n",
        "\r",
        "\r\n",
        "\u{feff}",
        "tags.a",
        "desired.b.c",
        "moduleId",
        "id",
        "true",
        "1e400",
        "0.1",
        "-0",
        " ",
        "null",
        "NaN",
        "3.0",
        "\u{2003}",
    ];
    run("import_csv", import_csv::check, words);
}

#[test]
fn conditions_mean_the_same_with_space_around_and_errors_lie_in_the_text() {
    let words = &[
        "(",
        ")",
        "NOT ",
        " AND ",
        " or ",
        " = ",
        " ?? ",
        "||",
        "'",
        "\"",
        "\\",
        "\n",
        "$body.",
        "$twin.tags.a",
        "{$to}",
        "[0]",
        "null",
        "undefined",
        "1e25",
        "/*",
        "is_null(",
        ", 1",
        "- ",
        "é",
    ];
    run("conditions", conditions::check, words);
}
