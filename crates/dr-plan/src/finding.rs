//! One thing that is wrong, or doubtful, in a plan file.

use std::fmt;

use serde::Serialize;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// There is no plan until it is mended.
    Error,
    /// The plan stands, but somebody should look.
    Warning,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Level::Error => "error",
            Level::Warning => "warning",
        })
    }
}

/// One thing that is wrong, or doubtful, in a plan file, and what would be right.
///
/// As JSON: `{"file", "level": "error" | "warning", "line", "column", "width", "source_line", "message", "remedy"}`.
/// `Display` writes several lines without a final line feed: place and message, the source line, a caret, the remedy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Name of the file, without its folder: `erp.yaml`.
    pub file: String,
    /// How bad it is.
    pub level: Level,
    /// Line, from 1; 0 if the finding has no place in the text.
    pub line: u32,
    /// Column in characters, from 1; 0 if the finding has no place in the text.
    pub column: u32,
    /// How many characters of the line are meant; at least 1.
    pub width: u32,
    /// The line that is meant, shortened if very long, secrets masked; empty if the finding has no place in the text.
    pub source_line: String,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What would be right or what to do; never empty.
    pub remedy: String,
    /// Where the caret stands in `source_line`, in characters from 0.
    #[serde(skip)]
    pub(crate) caret: u32,
}

impl Finding {
    /// A finding about the plan as a whole or the world around it, without a place in the text.
    pub fn without_place(file: &str, level: Level, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            level,
            line: 0,
            column: 0,
            width: 1,
            source_line: String::new(),
            message: message.into(),
            remedy: remedy.into(),
            caret: 0,
        }
    }

    /// Whether there is no plan until this is mended.
    pub fn is_error(&self) -> bool {
        self.level == Level::Error
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { file, level, line, column, width, source_line, message, remedy, caret } = self;
        if *line == 0 {
            return write!(f, "{file}: {level}: {message}\n  = {remedy}");
        }
        let number = line.to_string();
        let margin = " ".repeat(number.len());
        // Tabs are kept, so that the caret stands under its word whatever their width on the terminal.
        let indent: String =
            source_line.chars().take(*caret as usize).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        writeln!(f, "{file}:{line}:{column}: {level}: {message}")?;
        writeln!(f, "{}", format!("  {number} | {source_line}").trim_end())?;
        writeln!(f, "  {margin} | {indent}{}", "^".repeat(*width as usize))?;
        write!(f, "  {margin} = {remedy}")
    }
}
