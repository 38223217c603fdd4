//! What text weighs, without cutting it into tokens.

/// What a byte is to a tokenizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Class {
    Space,
    Newline,
    Lower,
    Upper,
    Digit,
    Mark,
    /// Begins a letter of Western Europe's with an accent.
    Accented,
    /// Begins another letter of Latin: Polish, Czech, Turkish.
    Extended,
    /// Begins another letter of two bytes: Greek, Cyrillic, Hebrew, Arabic.
    Two,
    /// Begins a letter of India's scripts, or Thai's, of which many make a word.
    Brahmic,
    /// Begins another sign of three bytes: Chinese, Japanese, dashes.
    Three,
    /// Begins a syllable of Korean.
    Hangul,
    /// Begins a sign of four bytes, such as an emoji.
    Four,
    Continues,
    /// Ends a run: a quote or a backslash.
    End,
}

/// A token, in the parts that pieces are counted in.
pub(super) const TOKEN: u64 = 16;

const CLASSES: usize = Class::End as usize + 1;

const CLASS: [Class; 256] = {
    let mut table = [Class::Mark; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b' ' => Class::Space,
            0..=0x1f => Class::Newline,
            b'a'..=b'z' => Class::Lower,
            b'A'..=b'Z' => Class::Upper,
            b'0'..=b'9' => Class::Digit,
            b'"' | b'\\' => Class::End,
            0x80..=0xbf => Class::Continues,
            0xc0..=0xc3 => Class::Accented,
            0xc4..=0xc9 => Class::Extended,
            0xca..=0xdf => Class::Two,
            0xe0..=0xe1 => Class::Brahmic,
            0xea..=0xed => Class::Hangul,
            0xe2..=0xef => Class::Three,
            0xf0..=0xff => Class::Four,
            _ => Class::Mark,
        };
        byte += 1;
    }
    table
};

/// What a byte adds to a token after another, in sixteenths of a token: ASCII in the low half,
/// other scripts in the high one.
///
/// A word is one token, a long one two: it costs 14 to begin and 1 for each further letter.
/// Groups of three digits are tokens, runs of marks few. Text of many kinds comes to within a
/// third of what o200k_base makes of it; what is left is learned.
const COST: [[u64; CLASSES]; CLASSES] = {
    let mut table = [[0; CLASSES]; CLASSES];
    let mut before = 0;
    while before < CLASSES {
        let row = &mut table[before];
        row[Class::Lower as usize] = 14;
        row[Class::Upper as usize] = 14;
        row[Class::Digit as usize] = 14;
        row[Class::Mark as usize] = 14;
        row[Class::Newline as usize] = 12;
        row[Class::Accented as usize] = 8 << 32;
        row[Class::Extended as usize] = 18 << 32;
        row[Class::Two as usize] = 5 << 32;
        row[Class::Brahmic as usize] = 5 << 32;
        row[Class::Three as usize] = 11 << 32;
        row[Class::Hangul as usize] = 9 << 32;
        row[Class::Four as usize] = 32 << 32;
        before += 1;
    }
    table[Class::Lower as usize][Class::Lower as usize] = 1;
    table[Class::Upper as usize][Class::Lower as usize] = 1;
    table[Class::Continues as usize][Class::Lower as usize] = 5;
    table[Class::Upper as usize][Class::Upper as usize] = 3;
    table[Class::Lower as usize][Class::Upper as usize] = 12;
    table[Class::Digit as usize][Class::Digit as usize] = 5;
    table[Class::Mark as usize][Class::Mark as usize] = 5;
    table[Class::Mark as usize][Class::Newline as usize] = 6;
    table[Class::Newline as usize][Class::Newline as usize] = 1;
    table
};

/// The longest run that is summed up at once, so that neither half of the sum passes 32 bits.
const RUN: usize = 1 << 24;

/// A text that is being measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text {
    before: Class,
    /// In sixteenths of a token.
    pub(super) ascii: u64,
    /// In sixteenths of a token.
    pub(super) wide: u64,
}

impl Text {
    pub(super) const fn new() -> Self {
        Self { before: Class::Space, ascii: 0, wide: 0 }
    }

    /// Takes what comes before the next quote or backslash, and says how long that is.
    pub(super) fn run(&mut self, bytes: &[u8]) -> usize {
        let mut taken = 0;
        for part in bytes.chunks(RUN) {
            let mut sum = 0;
            let mut length = 0;
            for byte in part {
                let class = CLASS[usize::from(*byte)];
                if class == Class::End {
                    break;
                }
                sum += COST[self.before as usize][class as usize];
                self.before = class;
                length += 1;
            }
            self.add(sum);
            taken += length;
            if length < part.len() {
                break;
            }
        }
        taken
    }

    /// Takes one sign that was escaped.
    pub(super) fn sign(&mut self, class: Class) {
        self.add(COST[self.before as usize][class as usize]);
        self.before = class;
    }

    const fn add(&mut self, sum: u64) {
        self.ascii = self.ascii.saturating_add(sum & 0xffff_ffff);
        self.wide = self.wide.saturating_add(sum >> 32);
    }
}

/// The class of a sign that JSON spells `\u` and these four digits.
pub(super) fn escaped(digits: &[u8]) -> Class {
    let unit = std::str::from_utf8(digits).ok().and_then(|d| u16::from_str_radix(d, 16).ok());
    match unit {
        Some(0..=0x1f) => Class::Newline,
        Some(0x80..=0xff) => Class::Accented,
        Some(0x100..=0x27f) => Class::Extended,
        Some(0x280..=0x7ff) => Class::Two,
        Some(0x800..=0x1fff) => Class::Brahmic,
        Some(0xa000..=0xd7ff) => Class::Hangul,
        Some(0xd800..=0xdbff) => Class::Four,
        // The second half of a pair.
        Some(0xdc00..=0xdfff) => Class::Continues,
        Some(0x2000..) => Class::Three,
        Some(0x20..=0x7f) | None => Class::Mark,
    }
}
