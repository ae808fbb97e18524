//! Files that nobody would write: cut off, garbled, or huge. None may panic or take long.

use std::fs;
use std::path::PathBuf;

/// A small generator of numbers, so that a failure can be repeated (Marsaglia's xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

fn examples() -> Vec<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples/networks");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

/// Parses, and makes sure that a report can be shown.
fn survive(text: &str) -> bool {
    match cnn_spec::parse(text, "net.toml") {
        Ok(network) => {
            assert!(network.parameter_count() < 1 << 29);
            true
        }
        Err(report) => {
            assert!(!report.problems().is_empty());
            assert!(report.render(true).contains("error"));
            for problem in report.problems() {
                report.position(problem);
            }
            false
        }
    }
}

#[test]
fn files_cut_off_anywhere() {
    for text in examples() {
        for end in (0..text.len()).filter(|&end| text.is_char_boundary(end)) {
            survive(&text[..end]);
        }
    }
}

#[test]
fn files_with_a_few_letters_changed() {
    const LETTERS: &[u8] =
        b"\0\t\n\r \"#'+,-.0123456789=[]_abcdefghijklmnopqrstuvwxyz{}\xc3\x9f\xff";
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    let examples = examples();
    let mut valid = 0;
    for _ in 0..5000 {
        let mut bytes = examples[random.below(examples.len())].clone().into_bytes();
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len());
            match random.below(3) {
                0 => drop(bytes.remove(at)),
                1 => bytes.insert(at, LETTERS[random.below(LETTERS.len())]),
                _ => bytes[at] = LETTERS[random.below(LETTERS.len())],
            }
        }
        valid += usize::from(survive(&String::from_utf8_lossy(&bytes)));
    }
    assert!(
        (100..4900).contains(&valid),
        "{valid} of 5000 files were valid"
    );
}

#[test]
fn files_with_lines_swapped_and_repeated() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let examples = examples();
    for _ in 0..2000 {
        let mut lines: Vec<&str> = examples[random.below(examples.len())].lines().collect();
        for _ in 0..=random.below(3) {
            let (first, second) = (random.below(lines.len()), random.below(lines.len()));
            if random.below(2) == 0 {
                lines.swap(first, second);
            } else {
                lines.insert(first, lines[second]);
            }
        }
        survive(&lines.join("\n"));
    }
}

#[test]
fn a_file_beyond_the_limit_is_refused_at_once() {
    let text = format!("# {}", "x".repeat(10_000_000));
    let report = cnn_spec::parse(&text, "net.toml").unwrap_err();
    assert!(report.to_string().contains("10000002 bytes"), "{report}");
}

#[test]
fn a_file_full_of_mistakes_is_reported_in_bounds() {
    let many = |line: &str| line.repeat((1 << 18) / line.len());
    let keys: Vec<String> = (0..50_000).map(|n| format!("key_{n} = 1\n")).collect();
    for text in [
        many("[[layer]]\n"),
        many("[[layer]]\ntype='relu'\n"),
        many("["),
        many("{"),
        many("a.") + "=",
        many("=\n"),
        many("\"\n"),
        many("é"),
        keys.concat(),
        format!("[network]\nname = \"{}\"", "n".repeat(1_000_000)),
        format!("[network]\ninput = [{}]", "1,".repeat(500_000)),
    ] {
        let report = cnn_spec::parse(&text, "net.toml").unwrap_err();
        assert!(report.problems().len() <= 50);
        assert!(report.to_string().len() < 100_000);
    }
}
