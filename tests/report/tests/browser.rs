//! The page in a browser: `CNN_CHROMIUM` names the program, if it is not `chromium`.

mod training;

use cnn_report_tests::{colour, grey, many, waves};
use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::tempdir;
use training::{Trained, pictures};

/// The width of a phone in pixels.
const PHONE: usize = 390;

/// What a browser makes of a page.
#[derive(Debug, PartialEq)]
struct View {
    /// What it complains of: mistakes in the page, and everything from outside, which the page's policy forbids.
    complaints: Vec<String>,
    /// How much wider than a phone the page is.
    overflow: usize,
    /// Pictures that cannot be shown.
    broken: usize,
}

/// Shows a page in a frame as wide as a phone, and has a script beside it look at it.
fn view(page: &str) -> View {
    let folder = tempdir().unwrap();
    let escaped = page.replace('&', "&amp;").replace('"', "&quot;");
    let wrapper = format!(
        "<!DOCTYPE html><title></title>
<iframe width={PHONE} height=844 srcdoc=\"{escaped}\"></iframe>
<script>
onload = () => {{
    const page = document.querySelector('iframe').contentDocument;
    for (const closed of page.querySelectorAll('details')) closed.open = true;
    const root = page.documentElement;
    const broken = [...page.images].filter(image => image.naturalWidth === 0).length;
    document.title = `seen ${{root.scrollWidth - root.clientWidth}} ${{broken}} seen`;
}};
</script>"
    );
    let path = folder.path().join("page.html");
    fs::write(&path, wrapper).unwrap();
    let (dom, complaints) = open(&path, folder.path());
    let seen = dom.split("seen").nth(1).unwrap_or_else(|| panic!("{dom}"));
    let numbers: Vec<usize> = seen
        .split_whitespace()
        .map(|number| number.parse().unwrap())
        .collect();
    View {
        complaints,
        overflow: numbers[0],
        broken: numbers[1],
    }
}

/// The page after it was shown, and the messages in the browser's console.
fn open(page: &Path, folder: &Path) -> (String, Vec<String>) {
    let program = env::var_os("CNN_CHROMIUM").unwrap_or_else(|| "chromium".into());
    let output = Command::new(&program)
        // The sandbox does not start for the user `root`, and the page is ours.
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
        ])
        .args(["--enable-logging=stderr", "--dump-dom"])
        .arg(format!(
            "--user-data-dir={}",
            folder.join("profile").display()
        ))
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let messages = text(output.stderr);
    let messages = messages.lines().filter(|line| line.contains(":CONSOLE"));
    (text(output.stdout), messages.map(str::to_owned).collect())
}

const FINE: View = View {
    complaints: Vec::new(),
    overflow: 0,
    broken: 0,
};

#[test]
#[ignore = "needs Chromium"]
fn pages_are_fine_on_a_phone() {
    let pages = [
        Trained::new(grey::insight::INSIGHT, pictures(&[1, 28, 28], 10), 2).html(),
        Trained::new(colour::insight::INSIGHT, pictures(&[3, 8, 8], 3), 1).html(),
        Trained::new(waves::insight::INSIGHT, pictures(&[2, 40], 3), 1).html(),
        Trained::new(many::insight::INSIGHT, pictures(&[16], 40), 0).html(),
    ];
    for page in pages {
        assert_eq!(view(&page), FINE);
    }
}

/// What the test above would not overlook.
#[test]
#[ignore = "needs Chromium"]
fn what_is_wrong_with_a_page_is_seen() {
    let page = Trained::new(grey::insight::INSIGHT, pictures(&[1, 28, 28], 10), 0).html();
    let spoilt = |by: &str| view(&page.replace("<header>", &format!("{by}<header>")));
    let foreign = spoilt("<img src=\"http://127.0.0.1:9/picture.png\" alt=\"\">");
    assert!(!foreign.complaints.is_empty() && foreign.broken == 1);
    assert!(!spoilt("<script>alert(1)</script>").complaints.is_empty());
    let wide = spoilt("<div style=\"width: 500px\">wide</div>");
    assert!(wide.overflow > 100 && wide.complaints.is_empty());
    let broken = spoilt("<img src=\"data:image/png;base64,AAAA\" alt=\"\">");
    assert_eq!(broken.broken, 1);
}
