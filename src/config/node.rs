//! YAML as a tree in which everything knows its place.
//!
//! A subset of YAML 1.2 that reads the same to everyone: no anchors, aliases or tags, no second
//! document, no key twice.

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};

use super::problem::{Mark, Problems};

/// Deeper than any configuration; keeps everything that walks the tree off the stack's end.
const DEEPEST: usize = 32;

/// A piece of YAML.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub mark: Mark,
    pub kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// Nothing, `~` or `null`.
    Null,
    /// An alias: reported already.
    Alias,
    Scalar(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub mark: Mark,
    pub key: String,
    pub value: Node,
}

impl Kind {
    /// What it is, for messages.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Alias => "an alias",
            Self::Scalar(_) => "a single value",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}

/// Reads one YAML document; `None` if it cannot be read at all, and `problems` says why.
pub(super) fn parse(text: &str, problems: &mut Problems) -> Option<Node> {
    let mut builder = Builder { stack: Vec::new(), root: None, problems };
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => builder.event(event, span)?,
            Err(error) => {
                let what = format!("this is not YAML: {}", error.info());
                builder.problems.add(mark(*error.marker()), what, "YAML, indented by spaces");
                return None;
            }
        }
    }
    let Builder { root, problems, .. } = builder;
    if root.is_none() {
        let remedy = "at least `listeners`, `backends` and `routes`; see conf/egret.yaml";
        problems.add(Mark { line: 1, column: 1 }, "the file is empty", remedy);
    }
    root
}

fn mark(marker: Marker) -> Mark {
    Mark { line: marker.line().max(1), column: marker.col() + 1 }
}

/// A list or a mapping that is still open.
enum Open {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, key: Option<(String, Mark)> },
}

struct Builder<'p> {
    stack: Vec<(Mark, Open)>,
    root: Option<Node>,
    problems: &'p mut Problems,
}

impl Builder<'_> {
    /// Takes in one event; `None` to stop reading.
    fn event(&mut self, event: Event<'_>, span: Span) -> Option<()> {
        let at = mark(span.start);
        self.refuse_extras(&event, at);
        match event {
            Event::Scalar(text, style, ..) => {
                let null = style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null");
                let kind = if null { Kind::Null } else { Kind::Scalar(text.into_owned()) };
                self.value(Node { mark: at, kind })
            }
            Event::Alias(_) => self.value(Node { mark: at, kind: Kind::Alias }),
            Event::SequenceStart(..) => self.open(at, Open::List(Vec::new())),
            Event::MappingStart(..) => self.open(at, Open::Map { entries: Vec::new(), key: None }),
            Event::SequenceEnd | Event::MappingEnd => {
                let (mark, open) = self.stack.pop()?;
                let kind = match open {
                    Open::List(items) => Kind::List(items),
                    Open::Map { entries, .. } => Kind::Map(entries),
                };
                self.value(Node { mark, kind })
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Some(()),
        }
    }

    /// Anchors, aliases and tags: they make a file mean something else than it shows.
    fn refuse_extras(&mut self, event: &Event<'_>, at: Mark) {
        let (anchor, tag) = match event {
            Event::Alias(_) => {
                self.problems.add(at, "YAML aliases are not read here", "the value itself");
                return;
            }
            Event::Scalar(_, _, anchor, tag)
            | Event::SequenceStart(anchor, tag)
            | Event::MappingStart(anchor, tag) => (*anchor, tag.is_some()),
            _ => return,
        };
        if anchor != 0 {
            self.problems.add(at, "YAML anchors are not read here", "the value without `&…`");
        }
        if tag {
            self.problems.add(at, "YAML tags are not read here", "the value without `!…`");
        }
    }

    fn open(&mut self, at: Mark, open: Open) -> Option<()> {
        if self.stack.len() >= DEEPEST {
            let what = format!("nested more than {DEEPEST} deep");
            self.problems.add(at, what, "a configuration as in conf/reference.yaml");
            return None;
        }
        self.stack.push((at, open));
        Some(())
    }

    /// Puts a finished node where it belongs.
    fn value(&mut self, node: Node) -> Option<()> {
        match self.stack.last_mut() {
            Some((_, Open::List(items))) => items.push(node),
            Some((_, Open::Map { entries, key })) => match (key.take(), node.kind) {
                (None, Kind::Scalar(text)) => {
                    if let Some(first) = entries.iter().find(|entry| entry.key == text) {
                        let what = format!(
                            "`{text}` is written twice; the first is on line {}",
                            first.mark.line
                        );
                        self.problems.add(node.mark, what, "one of them");
                    }
                    *key = Some((text, node.mark));
                }
                (None, kind) => {
                    let what = format!("{} cannot be a key", kind.name());
                    self.problems.add(node.mark, what, "`key: value` with a plain word as key");
                    return None;
                }
                (Some((key, mark)), kind) => {
                    entries.push(Entry { mark, key, value: Node { mark: node.mark, kind } });
                }
            },
            None if self.root.is_none() => self.root = Some(node),
            None => {
                let what = "a second YAML document; only one is read";
                self.problems.add(node.mark, what, "everything in one document, without `---`");
                return None;
            }
        }
        Some(())
    }
}
