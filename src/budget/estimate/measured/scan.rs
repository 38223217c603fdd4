//! The pass over a body.

use super::key::{Key, Section, Tool, is_long, is_schema_word};
use super::text::{Class, TOKEN, Text, escaped};
use super::{Measured, Tools};

/// How much of documents and other media is counted as one.
const MEDIA: u64 = 16 * 1024;

/// Base64 that is shorter is no media.
const SHORTEST: usize = 64;

/// The longest head of a `data:` URL.
const HEAD: usize = 128;

/// How images begin in base64: PNG, JPEG, GIF.
const IMAGES: [&[u8]; 3] = [b"iVBORw0KGgo", b"/9j/", b"R0lGOD"];

/// How a PDF begins in base64.
const PDF: &[u8] = b"JVBERi0";

/// The deepest that the schema of a function is declared: below `tools`, its entry, the list and
/// entry of declarations (Gemini), or `toolConfig` and the kind (Bedrock).
const DECLARED: u32 = 5;

/// Where the pass over a body is.
///
/// It leans on quotes and brackets only, so nothing can stop it: what is no good JSON is only
/// measured amiss.
pub(super) struct Scan<'a> {
    body: &'a [u8],
    at: usize,
    depth: u32,
    section: Section,
    /// What the last key says of its value.
    key: Key,
    /// Whether the object begun last is one whose `url` is media.
    in_place: bool,
    /// At which depth the caller's own JSON has begun, or 0.
    data: u32,
    /// Whether the tool begun last has a schema.
    has_schema: bool,
    /// What the tool begun last is, if the provider bills it by the call.
    tool: Option<Tool>,
    /// Bytes that are no text.
    encoded: u64,
    found: Measured,
}

impl<'a> Scan<'a> {
    pub(super) fn new(body: &'a [u8]) -> Self {
        Self {
            body,
            at: 0,
            depth: 0,
            section: Section::Conversation,
            key: Key::Text,
            in_place: false,
            data: 0,
            has_schema: false,
            tool: None,
            encoded: 0,
            found: Measured::default(),
        }
    }

    pub(super) fn measure(mut self) -> Measured {
        if self.body.trim_ascii_start().first() == Some(&b'{') {
            while let Some(byte) = self.body.get(self.at) {
                self.at += 1;
                self.step(*byte);
            }
        } else {
            self.plain();
        }
        self.found.text_bytes = (self.body.len() as u64).saturating_sub(self.encoded);
        self.found
    }

    fn step(&mut self, byte: u8) {
        match byte {
            b'"' => self.quoted(),
            b'{' | b'[' => self.open(byte == b'{'),
            b'}' | b']' => self.close(byte == b'}'),
            b',' => {
                self.key = Key::Text;
                self.found.commas += 1;
            }
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' if self.data > 0 => self.scalar(),
            _ => {}
        }
    }

    /// A body that is no JSON.
    fn plain(&mut self) {
        let mut text = Text::new();
        let mut rest = self.body;
        while !rest.is_empty() {
            let taken = text.run(rest);
            rest = rest.get(taken + 1..).unwrap_or_default();
            text.sign(Class::Mark);
        }
        self.found.prose = text.ascii;
        self.found.wide = text.wide;
    }

    fn open(&mut self, is_object: bool) {
        self.depth = self.depth.saturating_add(1);
        let in_conversation = self.section == Section::Conversation;
        if is_object {
            self.in_place = matches!(self.key, Key::Place | Key::Link);
            if in_conversation && self.data == 0 && self.key == Key::Data && self.depth > 2 {
                self.data = self.depth;
            }
            if self.depth == 3 {
                self.found.items += u64::from(in_conversation);
                self.has_schema = false;
                self.tool = None;
            }
        }
        self.key = Key::Text;
        if self.data > 0 {
            self.found.data += TOKEN / 2;
        }
    }

    fn close(&mut self, is_object: bool) {
        if self.data == self.depth {
            self.data = 0;
        }
        if is_object && self.depth == 3 && self.section == Section::Tools && !self.has_schema {
            self.found.hosted += 1;
            let Tools { searches, file_searches, code, images } = &mut self.found.billed;
            match self.tool.take() {
                Some(Tool::Search) => *searches += 1,
                Some(Tool::FileSearch) => *file_searches += 1,
                Some(Tool::Code) => *code += 1,
                Some(Tool::Image) => *images += 1,
                None => {}
            }
        }
        self.in_place = false;
        self.key = Key::Text;
        self.depth = self.depth.saturating_sub(1);
    }

    /// A number, or a word without quotes, in the caller's own JSON.
    fn scalar(&mut self) {
        let rest = self.body.get(self.at..).unwrap_or_default();
        let goes_on =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+');
        let length = rest.iter().take_while(|byte| goes_on(byte)).count();
        self.at += length;
        self.found.data += TOKEN + TOKEN / 3 * length as u64;
    }

    /// A key or a value; its first quote has been taken.
    fn quoted(&mut self) {
        let may_be_media = match self.key {
            Key::Media | Key::Link | Key::Opaque | Key::File => true,
            Key::Url => self.in_place,
            _ => false,
        };
        if may_be_media && self.data == 0 && self.section == Section::Conversation {
            return self.media();
        }
        let start = self.at;
        let text = self.string();
        let word = self.body.get(start..self.at.saturating_sub(1)).unwrap_or_default();
        if self.section == Section::Tools && self.depth == 3 {
            self.tool = self.tool.or_else(|| Tool::of(word));
        }
        self.found.keeps_an_hour |= is_long(word);
        let rest = self.body.get(self.at..).unwrap_or_default();
        let next = rest.iter().position(|byte| !byte.is_ascii_whitespace());
        match next.filter(|at| rest.get(*at) == Some(&b':')) {
            Some(colon) => {
                self.at += colon + 1;
                self.named(word, text);
            }
            None => self.value(text),
        }
    }

    /// A key.
    fn named(&mut self, word: &[u8], text: Text) {
        self.key = Key::of(word);
        if self.depth == 1 {
            self.section = Section::of(word);
            self.found.is_responses |= word == b"input";
            return;
        }
        match self.section {
            // Bedrock's stand one deeper than others'.
            Section::Settings if self.depth == 2 && word == b"tools" => {
                self.section = Section::Tools;
            }
            Section::Conversation if self.data > 0 => {
                self.found.data += text.ascii + TOKEN;
                self.found.wide += text.wide;
            }
            Section::Tools => {
                if self.key == Key::Schema && self.depth <= DECLARED {
                    self.has_schema = true;
                    self.found.functions += 1;
                }
                if !is_schema_word(word) {
                    self.found.tools += text.ascii + TOKEN;
                    self.found.wide += text.wide;
                }
            }
            Section::Format => {
                self.found.format += text.ascii + TOKEN;
                self.found.wide += text.wide;
            }
            _ => {}
        }
    }

    fn value(&mut self, text: Text) {
        let key = std::mem::replace(&mut self.key, Key::Text);
        match self.section {
            Section::Settings => return,
            Section::Reference => {
                self.found.references += 1;
                return;
            }
            Section::Tools => self.found.tools += text.ascii,
            Section::Format => self.found.format += text.ascii + TOKEN,
            Section::Conversation if self.data > 0 => self.found.data += text.ascii + TOKEN,
            Section::Conversation if key == Key::Word => return,
            Section::Conversation => {
                // `"input": "…"` is a message.
                self.found.items += u64::from(self.depth == 1 && key == Key::Data);
                self.found.prose += text.ascii;
            }
        }
        self.found.wide += text.wide;
    }

    /// Reads on to the end of a string, past its last quote.
    fn string(&mut self) -> Text {
        let mut text = Text::new();
        loop {
            let rest = self.body.get(self.at..).unwrap_or_default();
            let taken = text.run(rest);
            self.at += taken + 1;
            let escape = match rest.get(taken..) {
                Some([b'\\', escape, ..]) => *escape,
                _ => break,
            };
            self.at += 1;
            let class = match escape {
                b'n' | b'r' | b't' => Class::Newline,
                b'u' => {
                    let digits = rest.get(taken + 2..taken + 6).unwrap_or_default();
                    self.at += digits.len();
                    escaped(digits)
                }
                _ => Class::Mark,
            };
            text.sign(class);
        }
        self.at = self.at.min(self.body.len());
        text
    }

    /// A string that may be no text, or only name something.
    fn media(&mut self) {
        let key = std::mem::replace(&mut self.key, Key::Text);
        let rest = self.body.get(self.at..).unwrap_or_default();
        let head = data_url(rest);
        let encoded = rest.get(head..).unwrap_or_default();
        let length =
            encoded.iter().position(|byte| !BASE64[usize::from(*byte)]).unwrap_or(encoded.len());
        let is_whole = length >= SHORTEST && encoded.get(length) == Some(&b'"');
        if !is_whole || (head == 0 && key != Key::Media) {
            let start = self.at;
            let text = self.string();
            return match key {
                Key::Opaque => self.found.opaque += (self.at - start) as u64,
                Key::Media => self.value(text),
                _ => self.found.references += 1,
            };
        }
        self.at += head + length + 1;
        let bytes = length as u64;
        self.encoded += bytes;
        if is_image(encoded) {
            self.found.images += 1;
            return;
        }
        self.found.media_bytes += bytes;
        if encoded.starts_with(PDF) {
            self.found.documents += bytes.div_ceil(MEDIA);
        } else {
            self.found.media += bytes.div_ceil(MEDIA);
        }
    }
}

/// How long the head of a `data:` URL is, if this is one in base64.
fn data_url(text: &[u8]) -> usize {
    let head = text.get(..HEAD.min(text.len())).unwrap_or_default();
    let comma = head.iter().position(|byte| *byte == b',').unwrap_or_default();
    let head = head.get(..comma).unwrap_or_default();
    if head.starts_with(b"data:") && head.ends_with(b";base64") { comma + 1 } else { 0 }
}

/// What base64 is written with, in either alphabet.
const BASE64: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let sign = byte as u8;
        table[byte] =
            sign.is_ascii_alphanumeric() || matches!(sign, b'+' | b'/' | b'=' | b'-' | b'_');
        byte += 1;
    }
    table
};

/// Whether base64 begins as an image does. WebP says so only after its length.
fn is_image(encoded: &[u8]) -> bool {
    let is_webp = encoded.starts_with(b"UklGR") && encoded.get(12..16) == Some(b"RUJQ");
    is_webp || IMAGES.iter().any(|magic| encoded.starts_with(magic))
}
