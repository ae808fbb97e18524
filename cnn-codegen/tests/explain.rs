//! What `explain` writes: complete, right, and a page that needs nothing else.

mod support;

use cnn_codegen::{Kernels, Options};
use scraper::{Html, Selector};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use support::{Folder, NET, Outcome};

/// The example networks, and some with dropouts and norms, by name.
fn networks() -> BTreeMap<String, String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let folders = ["examples/networks", "tests/networks"].map(|folder| root.join(folder));
    let entries = folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap());
    let networks = entries.map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(path).unwrap())
    });
    networks.collect()
}

fn network(name: &str) -> String {
    networks().remove(name).unwrap()
}

fn explained(net: &str, format: &str) -> String {
    let outcome = Folder::new().run_with_stdin(&["explain", "-", "--format", format], net);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
    outcome.stdout
}

/// The functions of the plain code, each from `pub fn` to its last brace.
fn functions(net: &str) -> Vec<String> {
    let options = Options {
        kernels: Kernels::Plain,
        ..Options::default()
    };
    let code = cnn_codegen::compile(net, "net.toml", &options).unwrap();
    let mut functions = Vec::new();
    let mut lines = code.text().lines();
    while let Some(line) = lines.next() {
        if line.starts_with("pub fn ") {
            let rest = lines.by_ref().take_while(|line| *line != "}");
            let all = [line].into_iter().chain(rest);
            functions.push(all.collect::<Vec<_>>().join("\n") + "\n}\n");
        }
    }
    assert!(!functions.is_empty());
    functions
}

fn select<'h>(page: &'h Html, selector: &str) -> Vec<scraper::ElementRef<'h>> {
    page.select(&Selector::parse(selector).unwrap()).collect()
}

#[test]
fn every_generated_function_occurs_once() {
    for (name, net) in networks() {
        let markdown = explained(&net, "markdown");
        let page = Html::parse_document(&explained(&net, "html"));
        let code = select(&page, "pre > code.language-rust").into_iter();
        let mut shown: Vec<String> = code.map(|code| code.text().collect()).collect();
        let mut functions = functions(&net);
        for function in &functions {
            let fenced = format!("```rust\n{function}```\n");
            assert_eq!(markdown.matches(&fenced).count(), 1, "{name}: {function}");
        }
        shown.sort();
        functions.sort();
        assert_eq!(shown, functions, "{name}");
    }
}

#[test]
fn every_layer_has_a_place() {
    for (name, net) in networks() {
        let network = cnn_spec::parse(&net, "net.toml").unwrap();
        let page = Html::parse_document(&explained(&net, "html"));
        let text = |selector: &str| -> BTreeSet<String> {
            let found = select(&page, selector).into_iter();
            found.map(|element| element.text().collect()).collect()
        };
        let (headings, named, table) = (
            text("h3 > code"),
            text("main p > code"),
            text("td:first-child"),
        );
        for layer in &network.layers {
            let is_explained = headings.contains(&layer.name) || named.contains(&layer.name);
            assert!(
                is_explained && table.contains(&layer.name),
                "{name}: {}",
                layer.name
            );
        }
    }
}

#[test]
fn the_page_is_valid_and_needs_nothing_else() {
    for (name, net) in networks() {
        let text = explained(&net, "html");
        let page = Html::parse_document(&text);
        assert_eq!(page.errors, Vec::<String>::new(), "{name}");

        let ids: Vec<_> = select(&page, "[id]")
            .into_iter()
            .filter_map(|it| it.attr("id"))
            .collect();
        let unique: BTreeSet<_> = ids.iter().collect();
        assert_eq!(ids.len(), unique.len(), "{name}: {ids:?}");
        let links = select(&page, "a")
            .into_iter()
            .map(|it| it.attr("href").unwrap());
        let links: Vec<_> = links.collect();
        assert!(links.len() > 5);
        for link in links {
            let anchor = link.strip_prefix('#').unwrap();
            assert!(ids.contains(&anchor), "{name}: {link}");
        }
        assert_eq!(
            select(
                &page,
                "script, link, img, iframe, object, base, [src], [srcset]"
            )
            .len(),
            0
        );
        let style: String = select(&page, "style")
            .into_iter()
            .flat_map(|it| it.text())
            .collect();
        assert!(!style.contains("@import") && !style.contains("url("));
        assert_eq!(select(&page, "figure svg").len(), 1);
        assert_eq!(select(&page, "h1").len(), 1);
    }
}

/// What stands in the fenced blocks in which there are numbers.
fn blocks(markdown: &str) -> impl Iterator<Item = &str> {
    let blocks = markdown.split("```text\n").skip(1);
    blocks.map(|rest| rest.split("```").next().unwrap())
}

fn number(text: &str) -> f64 {
    let text = text.trim().trim_start_matches('(').trim_end_matches(')');
    text.replace('−', "-")
        .parse()
        .unwrap_or_else(|_| panic!("{text}"))
}

/// `2·3 − 1·(−4) + 5`.
fn sum(text: &str) -> f64 {
    let terms = text.replace(" − ", " + −1·").replace("−1·−", "");
    let product = |term: &str| term.split('·').map(number).product::<f64>();
    terms.split(" + ").map(product).sum()
}

#[test]
fn sums_that_are_written_out_are_right() {
    let mut count = 0;
    for (name, net) in networks() {
        let markdown = explained(&net, "markdown");
        let lines = blocks(&markdown).flat_map(str::lines);
        // `name = products = total`, or `≈ total`.
        for line in lines.filter(|line| line.contains('·') && line.contains("] = ")) {
            let Some((_, written)) = line.split_once("] = ") else {
                continue;
            };
            let Some((products, total)) = written.rsplit_once(['=', '≈']) else {
                continue;
            };
            if total.contains(char::is_alphabetic) {
                continue; // a formula
            }
            let (sum, total) = (sum(products.trim()), number(total));
            assert!((sum - total).abs() < 2e-3, "{name}: {line}");
            count += 1;
        }
    }
    assert!(count > 300, "{count}");
}

/// The matrices of a figure by name.
fn matrices(block: &str) -> BTreeMap<String, Vec<Vec<f64>>> {
    let mut found: BTreeMap<String, Vec<Vec<f64>>> = BTreeMap::new();
    for part in block.split("\n\n") {
        let mut lines = part.lines().map(|line| line.chars().collect::<Vec<_>>());
        let heads = lines.next().unwrap_or_default();
        // A column of the figure begins where its name does.
        let begins = |at: &usize| heads[*at] != ' ' && (*at == 0 || heads[*at - 1] == ' ');
        let starts: Vec<_> = (0..heads.len()).filter(begins).collect();
        for line in lines {
            for (index, &start) in starts.iter().enumerate() {
                let end = starts
                    .get(index + 1)
                    .copied()
                    .unwrap_or(usize::MAX)
                    .min(line.len());
                let cells: String = line.get(start..end).unwrap_or_default().iter().collect();
                let row: Vec<_> = cells.split_whitespace().map(number).collect();
                let name: String = heads[start..]
                    .iter()
                    .take_while(|letter| **letter != ' ')
                    .collect();
                if !row.is_empty() {
                    found.entry(name).or_default().push(row);
                }
            }
        }
    }
    found
}

/// The figures of the first example below this heading: forward, and backward.
fn figures(markdown: &str, heading: &str) -> [BTreeMap<String, Vec<Vec<f64>>>; 2] {
    let section = markdown
        .split(&format!("\n### `{heading}`"))
        .nth(1)
        .unwrap();
    let example = section.split("#### With numbers").nth(1).unwrap();
    let mut blocks = blocks(example).map(|block| {
        let figure: Vec<_> = block
            .split("\n\n")
            .filter(|part| !part.contains('='))
            .collect();
        matrices(&figure.join("\n\n"))
    });
    [blocks.next().unwrap(), blocks.next().unwrap()]
}

#[test]
fn a_convolution_is_what_a_textbook_says() {
    let markdown = explained(&network("digits"), "markdown");
    let [forward, backward] = figures(&markdown, "conv1");
    let (x, w) = (&forward["input"], &forward["weight"]);
    let (output, bias) = (&forward["output"], forward["bias"][0][0]);
    let (delta, gradient) = (&backward["delta"], &backward["∂loss/∂weight"]);
    let positions = || (0..2).flat_map(|y| (0..2).map(move |x| (y, x)));
    let taps = || (0..3).flat_map(|ky| (0..3).map(move |kx| (ky, kx)));
    for (i, j) in positions() {
        let sum: f64 = taps().map(|(ky, kx)| w[ky][kx] * x[i + ky][j + kx]).sum();
        assert!((output[i][j] - sum - bias).abs() < 1e-9);
    }
    for (ky, kx) in taps() {
        let sum: f64 = positions()
            .map(|(i, j)| delta[i][j] * x[i + ky][j + kx])
            .sum();
        assert!((gradient[ky][kx] - sum).abs() < 1e-9);
    }
    // The kernel, turned by 180°, over the delta with two zeros around it.
    for (y, x) in (0..4).flat_map(|y| (0..4).map(move |x| (y, x))) {
        let at = |row: usize, column: usize| {
            let row = row.checked_sub(2).and_then(|row| delta.get(row));
            let value = row.and_then(|row| row.get(column.checked_sub(2)?));
            value.copied().unwrap_or(0.0)
        };
        let sum: f64 = taps()
            .map(|(ky, kx)| w[2 - ky][2 - kx] * at(y + ky, x + kx))
            .sum();
        assert!((backward["input_delta"][y][x] - sum).abs() < 1e-9);
    }
    let total: f64 = delta.iter().flatten().sum();
    assert!((backward["∂loss/∂bias"][0][0] - total).abs() < 1e-9);
}

#[test]
fn a_max_pool_sends_its_delta_to_the_largest() {
    let markdown = explained(&network("digits"), "markdown");
    let [forward, backward] = figures(&markdown, "pool1");
    for (y, x) in (0..4).flat_map(|y| (0..4).map(move |x| (y, x))) {
        let is_largest = forward["input"][y][x] >= forward["output"][y / 2][x / 2];
        let expected = if is_largest {
            backward["delta"][y / 2][x / 2]
        } else {
            0.0
        };
        assert!((backward["input_delta"][y][x] - expected).abs() < 1e-9);
    }
}

#[test]
fn the_guide_shows_an_example_of_it() {
    let guide = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../guide/src/tutorial/look.md");
    let guide = fs::read_to_string(guide).unwrap();
    let markdown = explained(&network("lenet5"), "markdown");
    let shown = blocks(&guide)
        .find(|block| block.starts_with("delta "))
        .unwrap();
    assert!(markdown.contains(shown));
}

/// The value of the line that writes out `name`.
fn written_out(markdown: &str, name: &str) -> f64 {
    let line = markdown
        .lines()
        .find(|line| line.starts_with(&format!("{name} = ")));
    number(line.unwrap().rsplit('=').next().unwrap())
}

#[test]
fn the_worked_examples_are_those_of_the_origin() {
    let markdown = explained(&network("digits"), "markdown");
    let [one, two] =
        ["### One filter", "### Two filters"].map(|title| markdown.split(title).nth(1).unwrap());
    let square = |text: &str, name: &str, size: usize| -> Vec<f64> {
        let places =
            (0..size * size).map(|place| format!("{name}[{}][{}]", place / size, place % size));
        places.map(|place| written_out(text, &place)).collect()
    };
    assert_eq!(square(one, "O", 2), [12.0, 14.0, 18.0, 20.0]);
    assert_eq!(square(one, "∂E/∂W", 2), [2.0, 4.0, 8.0, 10.0]);
    assert_eq!(
        square(one, "∂E/∂X", 3),
        [1.0, 0.0, -4.0, -2.0, 8.0, 4.0, 0.0, -6.0, 3.0]
    );
    assert_eq!(square(two, "o", 1), [8.0]);
    assert_eq!(square(two, "∂E/∂V", 2), [72.0, 84.0, 108.0, 120.0]);
    assert_eq!(square(two, "∂E/∂H", 2), [12.0, -6.0, 6.0, -6.0]);
    assert_eq!(square(two, "∂E/∂W", 2), [-6.0, 0.0, 12.0, 18.0]);
    assert!(!explained(&network("mlp"), "markdown").contains("By hand"));
}

/// The row of a table of numbers.
fn row(markdown: &str, name: &str) -> Vec<f64> {
    let line = markdown.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap().split_whitespace().map(number).collect()
}

#[test]
fn loss_update_and_schedule_have_their_numbers() {
    let markdown = explained(&network("digits"), "markdown");
    let loss = markdown.split("## The loss").nth(1).unwrap();
    let [softmax, target, delta] = ["softmax ", "target ", "delta "].map(|name| row(loss, name));
    for index in 0..3 {
        assert!((softmax[index] - target[index] - delta[index]).abs() < 2e-4);
    }
    let update = loss.split("## The update").nth(1).unwrap();
    let [gradients, values] = ["gradient g ", "w after it "].map(|name| row(update, name));
    let (mut velocity, mut expected) = (0.0, 1.0);
    for (gradient, value) in gradients.iter().zip(values) {
        velocity = 0.9 * velocity + gradient;
        expected -= 0.05 * velocity;
        assert!((value - expected).abs() < 1e-4);
    }
    let schedule = update.split("## The learning rate").nth(1).unwrap();
    let sixth = schedule
        .lines()
        .find(|line| line.starts_with("      6 "))
        .unwrap();
    let rate = sixth.split_whitespace().nth(1).unwrap();
    assert_eq!(rate, "0.025"); // half of 0.05, in the middle of half a wave
}

#[test]
fn what_repeats_is_grouped() {
    let markdown = explained(&network("resnet20"), "markdown");
    let sections = markdown
        .lines()
        .filter(|line| line.starts_with("### "))
        .count();
    let theory = "valid cross-correlation of the input with the delta**";
    assert!(sections < 30, "{sections}");
    assert_eq!(markdown.matches(theory).count(), 1);
}

#[test]
fn without_training_there_is_no_way_back() {
    let net = NET.split("[training]").next().unwrap();
    let markdown = explained(net, "markdown");
    assert!(markdown.contains("#### Forward"));
    assert!(!markdown.contains("#### Backward") && !markdown.contains("## The loss"));
    for function in functions(net) {
        assert_eq!(markdown.matches(&function).count(), 1, "{function}");
    }
}

#[test]
fn the_ending_decides_and_the_flag_overrules_it() {
    let folder = Folder::with_net();
    for (file, begins) in [("net.md", "# TinyNet"), ("net.html", "<!DOCTYPE html>")] {
        assert_eq!(
            folder.run(&["explain", "net.toml", "-o", file]),
            Outcome::success("")
        );
        assert!(folder.read(file).starts_with(begins), "{file}");
    }
    let message = "error: `net.txt` does not say what to write\n help: end it with `.md`, `.markdown`, `.html` or `.htm`, \
                   or add `--format`\n";
    assert_eq!(
        folder.run(&["explain", "net.toml", "-o", "net.txt"]),
        Outcome::failure(1, message)
    );
    let arguments = [
        "explain", "net.toml", "--format", "markdown", "-o", "net.html",
    ];
    assert_eq!(folder.run(&arguments), Outcome::success(""));
    assert_eq!(folder.read("net.html"), folder.read("net.md"));
    assert_eq!(
        folder.run(&["explain", "net.toml"]).stdout,
        folder.read("net.md")
    );
}

#[test]
fn a_wrong_network_is_reported_as_everywhere() {
    let folder = Folder::new();
    folder.write(
        "net.toml",
        NET.replace("kernel_size = 3", "kernel_size = 5"),
    );
    folder.write("net.html", "old");
    let report = folder.run(&["net.toml"]);
    assert_eq!(report.code, Some(1));
    assert_eq!(
        folder.run(&["explain", "net.toml", "-o", "net.html"]),
        report
    );
    assert_eq!(folder.read("net.html"), "old");
    assert_eq!(folder.names(), ["net.html", "net.toml"]);
}
