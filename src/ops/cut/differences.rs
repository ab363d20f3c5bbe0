//! How much the tiles of a newer picture differ from the latest, and what to say if most of them do.

use crate::format::Tolerance;

/// Tiles are counted by tenths of a level.
const STEPS_PER_LEVEL: f64 = 10.0;
/// A tolerance beyond this many levels hides changes that anybody sees.
const MAX_ADVISED_LEVELS: f64 = 8.0;

/// The largest block differences of tiles, counted.
#[derive(Debug)]
pub(super) struct Differences {
    /// How many tiles differ by at most this many tenths of a level, and by more than one tenth less.
    counts: Vec<u64>,
}

impl Default for Differences {
    fn default() -> Self {
        Self { counts: vec![0; (255.0 * STEPS_PER_LEVEL) as usize + 1] }
    }
}

impl Differences {
    /// Adds a tile that differs by this many levels.
    pub(super) fn add(&mut self, levels: f64) {
        let step = (levels * STEPS_PER_LEVEL).ceil() as usize;
        if let Some(count) = self.counts.get_mut(step) {
            *count += 1;
        }
    }

    fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The levels by which this share of the tiles differs at most.
    fn quantile(&self, share: f64) -> f64 {
        let wanted = (self.total() as f64 * share).ceil() as u64;
        let mut seen = 0;
        let step = self.counts.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        step.unwrap_or(self.counts.len()) as f64 / STEPS_PER_LEVEL
    }

    /// The share of tiles that differ by at most this many levels.
    fn share(&self, levels: f64) -> f64 {
        let within = (levels * STEPS_PER_LEVEL) as usize;
        let within: u64 = self.counts.iter().take(within + 1).sum();
        within as f64 / self.total().max(1) as f64
    }

    /// A tolerance in steps of half a level, above `tolerance`, with which nearly all tiles are unchanged that differ so
    /// little that an encoder may have done it; none if most tiles differ by more.
    fn advised(&self, tolerance: Tolerance) -> Option<f64> {
        let little = self.share(MAX_ADVISED_LEVELS);
        let levels = ((self.quantile(little * 0.95) * 2.0).ceil() / 2.0).max(0.5);
        (little >= 0.5 && levels <= MAX_ADVISED_LEVELS && levels > tolerance.levels()).then_some(levels)
    }
}

/// Why most tiles can differ although most of the picture may be the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// The picture has another profile than the latest tiles.
    OtherProfile,
    /// The picture is a JPEG, cut without loss, whose quantisation tables are not those of the latest tiles.
    OtherTables,
    /// The tiles' quality is not that of the latest tiles.
    OtherQuality,
    /// The tiles are JPEG, and made of pixels.
    Encoded,
    /// Nothing that is known.
    Unknown,
}

impl Cause {
    /// What to say if the picture differs only a little.
    fn text(self) -> &'static str {
        match self {
            Self::OtherProfile => "its ICC profile is not that of the latest tiles, so they show other colours",
            Self::OtherTables => {
                "it is a JPEG with other quantisation tables than the latest tiles, as after an editor saved it"
            }
            Self::OtherQuality => "the latest tiles have another quality than the new ones",
            Self::Encoded => {
                "the latest tiles were not encoded from these pixels; it looks as if they came from a JPEG"
            }
            Self::Unknown => "a little nearly everywhere",
        }
    }
}

/// What to say about a picture of which this many of all tiles differ; nothing unless it is more than half of several.
pub(super) fn warning(
    written: u64,
    tiles: u64,
    cause: Cause,
    differences: &Differences,
    tolerance: Tolerance,
) -> Option<String> {
    if written * 2 <= tiles || tiles < 4 {
        return None;
    }
    let advised = differences.advised(tolerance).filter(|_| cause != Cause::OtherProfile);
    let why = match cause {
        // Tiles that no tolerance takes as unchanged differ because the picture does.
        Cause::Encoded | Cause::Unknown if advised.is_none() => "the picture differs nearly everywhere",
        cause => cause.text(),
    };
    let is_another = advised.is_none() && matches!(cause, Cause::Encoded | Cause::Unknown);
    let mut text = format!("{written} of {tiles} tiles differ: {why}");
    let compared = differences.total();
    if compared > 0 {
        let half = differences.quantile(0.5);
        text +=
            &format!("; half of {compared} compared tiles differ by at most {half} of 255 levels in their worst block");
    }
    match advised {
        Some(levels) => {
            let share = differences.share(levels) * 100.0;
            text += &format!("; --tolerance {levels} takes {share:.0} % of them as unchanged");
        }
        None if cause != Cause::OtherProfile && compared > 0 => {
            text += &format!("; no --tolerance up to {MAX_ADVISED_LEVELS} helps");
        }
        None => {}
    }
    if is_another {
        text += "; if this is another picture, fast_pyramid revert takes it back once it is published";
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(levels: &[f64]) -> Differences {
        let mut differences = Differences::default();
        levels.iter().for_each(|levels| differences.add(*levels));
        differences
    }

    #[test]
    fn advised_tolerance_takes_most_tiles_as_unchanged() {
        let small = of(&[0.31, 0.9, 1.0, 1.2, 1.3, 1.4, 1.5, 1.7, 2.2, 80.0]);
        assert_eq!((small.quantile(0.5), small.quantile(0.9), small.share(2.0)), (1.3, 2.2, 0.8));
        assert_eq!(small.advised(Tolerance::NONE), Some(2.5));
        assert_eq!(small.advised(Tolerance::new(2.5).unwrap()), None);
        assert_eq!(of(&[0.0]).advised(Tolerance::NONE), Some(0.5));
        // Half of the picture is new.
        assert_eq!(of(&[1.0, 1.0, 60.0]).advised(Tolerance::NONE), Some(1.0));
        assert_eq!(of(&[60.0, 70.0]).advised(Tolerance::NONE), None);
        assert_eq!(of(&[]).advised(Tolerance::NONE), None);
    }

    #[test]
    fn warning_states_numbers_cause_and_remedy() {
        let differences = of(&[0.5, 1.0, 1.5, 90.0]);
        let text = warning(20, 30, Cause::OtherTables, &differences, Tolerance::NONE).unwrap();
        assert_eq!(
            text,
            "20 of 30 tiles differ: it is a JPEG with other quantisation tables than the latest tiles, as after an editor \
             saved it; half of 4 compared tiles differ by at most 1 of 255 levels in their worst block; --tolerance 1.5 takes \
             75 % of them as unchanged"
        );
        let text = warning(30, 30, Cause::Encoded, &of(&[90.0; 3]), Tolerance::NONE).unwrap();
        assert!(
            text.contains("the picture differs nearly everywhere; half of")
                && text.contains("; no --tolerance up to 8 helps; if this is another picture, fast_pyramid revert"),
            "{text}"
        );
        let text = warning(30, 30, Cause::OtherProfile, &differences, Tolerance::NONE).unwrap();
        assert!(!text.contains("--tolerance"), "{text}");
        assert_eq!(warning(15, 30, Cause::Encoded, &differences, Tolerance::NONE), None);
        assert_eq!(warning(1, 1, Cause::Encoded, &differences, Tolerance::NONE), None);
    }
}
