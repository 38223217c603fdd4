//! Prices per token and per call, as integers.

use crate::conversation::{ToolCalls, Usage};

/// The kinds of tokens that may have prices of their own; every token is of exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Input,
    InputAudio,
    InputImage,
    InputVideo,
    CacheRead,
    CacheReadAudio,
    CacheWrite,
    CacheWrite1h,
    Output,
    OutputAudio,
    OutputImage,
    OutputVideo,
    Reasoning,
}

impl Kind {
    pub(super) const ALL: [Self; 13] = [
        Self::Input,
        Self::InputAudio,
        Self::InputImage,
        Self::InputVideo,
        Self::CacheRead,
        Self::CacheReadAudio,
        Self::CacheWrite,
        Self::CacheWrite1h,
        Self::Output,
        Self::OutputAudio,
        Self::OutputImage,
        Self::OutputVideo,
        Self::Reasoning,
    ];

    /// Usage of `tokens` tokens of this kind alone.
    pub(super) fn usage(self, tokens: u64) -> Usage {
        let none = Usage::default();
        match self {
            Self::Input => Usage { input: tokens, ..none },
            Self::InputAudio => Usage { input: tokens, audio_input: tokens, ..none },
            Self::InputImage => Usage { input: tokens, image_input: tokens, ..none },
            Self::InputVideo => Usage { input: tokens, video_input: tokens, ..none },
            Self::CacheRead => Usage { cache_read: tokens, ..none },
            Self::CacheReadAudio => Usage { cache_read: tokens, audio_input: tokens, ..none },
            Self::CacheWrite => Usage { cache_write: tokens, ..none },
            Self::CacheWrite1h => Usage { cache_write: tokens, cache_write_1h: tokens, ..none },
            Self::Output => Usage { output: tokens, ..none },
            Self::OutputAudio => Usage { output: tokens, audio_output: tokens, ..none },
            Self::OutputImage => Usage { output: tokens, image_output: tokens, ..none },
            Self::OutputVideo => Usage { output: tokens, video_output: tokens, ..none },
            Self::Reasoning => Usage { reasoning: tokens, ..none },
        }
    }

    pub(super) const fn is_output(self) -> bool {
        matches!(
            self,
            Self::Output
                | Self::OutputAudio
                | Self::OutputImage
                | Self::OutputVideo
                | Self::Reasoning
        )
    }
}

/// Tokens by [`Kind`].
///
/// Providers don't say which of their audio input was cached. It is taken to be read afresh as
/// far as it can be, which costs more, then from the cache; audio that is written into the cache
/// has no price anywhere, nor have cached images and video in any model that these schemas ask.
pub(super) const fn by_kind(usage: &Usage) -> [u64; Kind::ALL.len()] {
    let audio = min(usage.audio_input, usage.input);
    let cached_audio = min(usage.audio_input - audio, usage.cache_read);
    let image = min(usage.image_input, usage.input - audio);
    let video = min(usage.video_input, usage.input - audio - image);
    let hour = min(usage.cache_write_1h, usage.cache_write);
    let audio_output = min(usage.audio_output, usage.output);
    let image_output = min(usage.image_output, usage.output - audio_output);
    let video_output = min(usage.video_output, usage.output - audio_output - image_output);
    [
        usage.input - audio - image - video,
        audio,
        image,
        video,
        usage.cache_read - cached_audio,
        cached_audio,
        usage.cache_write - hour,
        hour,
        usage.output - audio_output - image_output - video_output,
        audio_output,
        image_output,
        video_output,
        usage.reasoning,
    ]
}

const fn min(a: u64, b: u64) -> u64 {
    if a < b { a } else { b }
}

/// Femtodollars (1e-15 USD) per token of each [`Kind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rates(pub [u64; Kind::ALL.len()]);

impl Rates {
    /// What these tokens cost, in femtodollars.
    pub(super) fn of(&self, usage: &Usage) -> u128 {
        by_kind(usage)
            .into_iter()
            .zip(self.0)
            .map(|(tokens, rate)| u128::from(tokens) * u128::from(rate))
            .fold(0, u128::saturating_add)
    }

    /// What these tokens cost at most, in femtodollars: the input, be it text, as the dearest of
    /// what a cache may make of it, the output as the dearest kind.
    pub(super) fn most(&self, usage: &Usage, an_hour: bool) -> u128 {
        let dearest = |fits: &dyn Fn(Kind) -> bool| {
            let rates = Kind::ALL.into_iter().zip(self.0).filter(|(kind, _)| fits(*kind));
            u128::from(rates.map(|(_, rate)| rate).max().unwrap_or(0))
        };
        let input = dearest(&|kind| match kind {
            Kind::Input | Kind::CacheRead | Kind::CacheWrite => true,
            Kind::CacheWrite1h => an_hour,
            _ => false,
        });
        let output = dearest(&Kind::is_output);
        let (all_in, all_out) = (u128::from(usage.total_input()), u128::from(usage.total_output()));
        (all_in * input).saturating_add(all_out * output)
    }
}

/// Rates that hold from some total of input tokens on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tier {
    pub from: u64,
    pub rates: Rates,
}

/// The rates that hold for a call of this usage.
pub(super) fn tier<'a>(tiers: &'a [Tier], usage: &Usage) -> Option<&'a Tier> {
    let input = usage.total_input();
    tiers.iter().rev().find(|tier| input >= tier.from)
}

/// Femtodollars for each call of a tool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CallRates {
    pub web_search: u64,
    pub file_search: u64,
    pub code_session: u64,
    pub image: u64,
}

impl CallRates {
    /// What these calls cost, in femtodollars.
    pub(super) fn of(&self, calls: ToolCalls) -> u128 {
        [
            (calls.web_searches, self.web_search),
            (calls.file_searches, self.file_search),
            (calls.code_sessions, self.code_session),
            (calls.images, self.image),
        ]
        .into_iter()
        .map(|(calls, rate)| u128::from(calls) * u128::from(rate))
        .fold(0, u128::saturating_add)
    }
}
