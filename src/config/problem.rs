//! What is wrong with a configuration, where, and what to write instead.

use std::fmt;

/// A place in a file; lines and columns count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// Line.
    pub line: usize,
    /// Column, in characters.
    pub column: usize,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where.
    pub mark: Mark,
    /// What is wrong. Never holds a secret.
    pub what: String,
    /// What to write instead.
    pub remedy: String,
}

/// Everything that is wrong, in the order of the file once [`Problems::sort`]ed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    list: Vec<Problem>,
}

impl Problems {
    /// Adds one.
    pub(super) fn add(&mut self, mark: Mark, what: impl Into<String>, remedy: impl Into<String>) {
        // A key in quotes may hold anything, and this ends up in a log (S-55).
        let shown = |text: String| text.replace(char::is_control, "\u{fffd}");
        self.list.push(Problem { mark, what: shown(what.into()), remedy: shown(remedy.into()) });
    }

    /// Orders them by their place.
    pub(super) fn sort(&mut self) {
        self.list.sort();
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.list.iter()
    }

    /// Shows them as `file:line:column: what is wrong`, each with its remedy below.
    #[must_use]
    pub const fn display<'a>(&'a self, file: &'a str) -> impl fmt::Display + 'a {
        Report { file, problems: self }
    }
}

struct Report<'a> {
    file: &'a str,
    problems: &'a Problems,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Problem { mark, what, remedy } in self.problems.iter() {
            writeln!(f, "{}:{}:{}: {what}", self.file, mark.line, mark.column)?;
            writeln!(f, "  write instead: {remedy}")?;
        }
        Ok(())
    }
}
