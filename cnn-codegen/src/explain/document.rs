//! A book in chapters and sections, written as Markdown.

/// What is explained of a network.
pub struct Document {
    /// `Digits, explained`.
    pub title: String,
    /// What the book is, in Markdown.
    pub preface: String,
    /// The network as SVG and as Mermaid.
    pub picture: Picture,
    /// All chapters and sections, one after the other.
    pub sections: Vec<Section>,
}

/// A picture in both forms that a book may need.
pub struct Picture {
    pub svg: String,
    pub mermaid: String,
}

/// A chapter, or a section of it.
pub struct Section {
    /// 2 for a chapter, 3 for a section.
    pub level: usize,
    /// Its heading, in Markdown.
    pub title: String,
    /// What links to it say: unique in the book.
    pub anchor: String,
    /// What it says, in Markdown.
    pub text: String,
}

impl Document {
    /// A book without chapters yet.
    pub fn new(title: String, preface: String, picture: Picture) -> Self {
        Self {
            title,
            preface,
            picture,
            sections: Vec::new(),
        }
    }

    /// Adds a chapter.
    pub fn chapter(&mut self, title: impl Into<String>, text: impl Into<String>) {
        self.push(2, title.into(), text.into());
    }

    /// Adds a section to the last chapter.
    pub fn section(&mut self, title: impl Into<String>, text: impl Into<String>) {
        self.push(3, title.into(), text.into());
    }

    fn push(&mut self, level: usize, title: String, text: String) {
        let anchor = anchor(&title);
        self.sections.push(Section {
            level,
            title,
            anchor,
            text,
        });
    }

    /// The list of chapters and sections, each a link, in Markdown.
    pub fn contents(&self) -> String {
        let item = |section: &Section| {
            let indent = "  ".repeat(section.level - 2);
            format!("{indent}- [{}](#{})\n", section.title, section.anchor)
        };
        self.sections.iter().map(item).collect()
    }

    /// All of it.
    pub fn markdown(&self) -> String {
        let mut text = format!(
            "# {}\n\n{}\n\n```mermaid\n{}\n```\n\n{}",
            self.title,
            self.preface.trim_end(),
            self.picture.mermaid.trim_end(),
            self.contents()
        );
        text.extend(self.sections.iter().map(Section::markdown));
        text
    }
}

impl Section {
    fn markdown(&self) -> String {
        let marks = "#".repeat(self.level);
        format!("\n{marks} {}\n\n{}\n", self.title, self.text.trim_end())
    }
}

/// The anchor that sites which show Markdown give a heading.
fn anchor(title: &str) -> String {
    let letters = title.to_lowercase();
    let kept = letters.chars().filter_map(|letter| match letter {
        ' ' => Some('-'),
        '_' | '-' => Some(letter),
        _ => letter.is_alphanumeric().then_some(letter),
    });
    kept.collect()
}

/// A paragraph.
pub fn paragraph(words: &str) -> String {
    format!("{words}\n\n")
}

/// A block of code.
pub fn fenced(language: &str, text: &str) -> String {
    format!("```{language}\n{}\n```\n\n", text.trim_end())
}
