//! A book as one page: nothing is fetched from elsewhere, and it is read on a phone as well.

use super::document::{Document, Section};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};

const STYLE: &str = include_str!("page.css");

/// The page.
pub fn html(document: &Document) -> String {
    let sections: String = document.sections.iter().map(section).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"generator\" content=\"cnn-codegen {version}\">\n<title>{title}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header>\n<h1>{title}</h1>\n{preface}<figure>\n{svg}</figure>\n</header>\n\
         <nav aria-label=\"Contents\">\n{contents}</nav>\n<main>\n{sections}</main>\n</body>\n</html>\n",
        version = env!("CARGO_PKG_VERSION"),
        title = document.title,
        contents = rendered(&document.contents()),
        preface = rendered(&document.preface),
        svg = document.picture.svg,
    )
}

fn section(section: &Section) -> String {
    let Section { level, anchor, .. } = section;
    let title = rendered(&section.title);
    let title = title
        .trim()
        .trim_start_matches("<p>")
        .trim_end_matches("</p>");
    format!(
        "<h{level} id=\"{anchor}\">{title}</h{level}>\n{}",
        rendered(&section.text)
    )
}

/// Markdown as HTML; a table that is too wide moves by itself.
fn rendered(markdown: &str) -> String {
    let events = Parser::new_ext(markdown, Options::ENABLE_TABLES).flat_map(|event| match event {
        Event::Start(Tag::Table(_)) => vec![Event::Html("<div class=\"scroll\">\n".into()), event],
        Event::End(TagEnd::Table) => vec![event, Event::Html("</div>\n".into())],
        _ => vec![event],
    });
    let mut text = String::with_capacity(2 * markdown.len());
    html::push_html(&mut text, events);
    text
}
