//! What can happen to a pyramid. Numbers are taken modulo the number of candidates at the time, so that every sequence
//! makes sense, and every shorter one too.

use proptest::prelude::*;
use test_support::overlap::BaseKind;

/// How a pyramid begins.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    pub(crate) tile_size: usize,
    /// Pixels that the last column and the last row lack.
    pub(crate) cut: usize,
    pub(crate) jpeg: bool,
    pub(crate) in_src: bool,
    pub(crate) settings: usize,
    /// Pixels that tiles show of their neighbours: 3 stands for half a tile.
    pub(crate) overlap: usize,
    /// What base tiles are.
    pub(crate) base: BaseKind,
    /// Whether pyramid.json states that.
    pub(crate) states_base: bool,
    /// How base tiles are named, as an index into `NAMINGS`.
    pub(crate) naming: usize,
    pub(crate) first_version: u32,
    pub(crate) threads: usize,
}

#[derive(Debug, Clone)]
pub(crate) enum Operation {
    /// A new version: for each tile its place and which contents, 8 for those it has, 9 for those it had at first. A
    /// version without tiles is skipped.
    Patch {
        gap: u32,
        tiles: Vec<(usize, usize)>,
    },
    Build,
    /// A build or rebuild that is cancelled after this number of tiles.
    StopBuild {
        rebuild: Option<usize>,
        after: u64,
    },
    /// A build, or a rebuild, by the program itself, which is killed.
    KillBuild {
        rebuild: Option<usize>,
        kill: Kill,
    },
    Rebuild {
        from: usize,
    },
    DryBuild,
    /// A vacuum, now or after a build; may be cancelled after a number of steps.
    Vacuum {
        built: bool,
        pick: Pick,
        keep_sources: bool,
        stop_after: Option<u64>,
    },
    KillVacuum {
        pick: Pick,
        keep_sources: bool,
        kill: Kill,
    },
    DryVacuum {
        pick: Pick,
        keep_sources: bool,
    },
    DeleteDest,
    /// Some source tiles get another time.
    Touch {
        version: usize,
        tiles: u8,
    },
    /// A source tile is changed, added or deleted. Where that is refused it is dealt with.
    ChangeSource {
        version: usize,
        place: usize,
        change: usize,
        deal: Deal,
    },
    ChangeSettings {
        change: SettingsChange,
        deal: Deal,
    },
    /// Something in `dest` is damaged, then repaired.
    Damage {
        damages: Vec<Damage>,
    },
    /// The tree or the manifest of a version is lost, and a build has to make up for it.
    Lose {
        version: usize,
        tree: bool,
    },
    /// A day passes.
    Age,
    /// Left behind by a kill between two renames: `latest` has not followed yet.
    LatestLags,
}

/// What is changed in pyramid.json.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SettingsChange {
    /// How tiles are reduced and encoded.
    Reduction(usize),
    /// Pixels that tiles show of their neighbours.
    Overlap(usize),
    /// The kind of base tiles becomes the other one.
    BaseTiles,
}

/// When a process is killed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kill {
    Milliseconds(u64),
    /// When this number of files more exists.
    Files(usize),
}

/// Which versions a vacuum is to drop.
#[derive(Debug, Clone)]
pub(crate) enum Pick {
    KeepLast(usize),
    /// The versions whose bit is set.
    Each(u8),
    /// From one to another.
    Range(usize, usize),
    /// As old as this one, or older.
    AsOldAs(usize),
    OlderThanDays(u64),
}

/// The answer to a refusal.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Deal {
    Restore,
    Rebuild,
    DeleteDest,
}

#[derive(Debug, Clone)]
pub(crate) enum Damage {
    DeleteEntry { version: usize, entry: usize },
    Truncate { version: usize, entry: usize },
    Flip { version: usize, entry: usize },
    Relink { version: usize, entry: usize, other: usize },
    LoseDescriptor { version: usize },
    LoseManifest { version: usize },
    CutManifest { version: usize },
    LoseTree { version: usize },
    LoseLatest,
}

pub(crate) fn any_setup(jpeg: bool) -> impl Strategy<Value = Setup> {
    let shape = (3usize..=5, 2usize..=4, 5usize..12, 0usize..5);
    let base = (prop_oneof![2 => Just(0usize), 3 => 1usize..4], any_base(), any::<bool>());
    let rest = (any::<bool>(), 0usize..5, 0usize..6, 0u32..3, 1usize..=2);
    (shape, base, rest).prop_map(move |(shape, base, rest)| {
        let (columns, rows, tile_size, cut) = shape;
        let (overlap, base, states_base) = base;
        let (in_src, settings, naming, first_version, threads) = rest;
        Setup {
            columns,
            rows,
            tile_size,
            cut,
            jpeg,
            in_src,
            settings,
            overlap,
            base,
            states_base,
            naming,
            first_version,
            threads,
        }
    })
}

fn any_base() -> impl Strategy<Value = BaseKind> {
    prop_oneof![2 => Just(BaseKind::Plain), 1 => Just(BaseKind::Overlapping)]
}

fn any_settings_change() -> impl Strategy<Value = SettingsChange> {
    prop_oneof![
        3 => (0usize..5).prop_map(SettingsChange::Reduction),
        2 => (0usize..4).prop_map(SettingsChange::Overlap),
        1 => Just(SettingsChange::BaseTiles),
    ]
}

pub(crate) fn any_operation() -> impl Strategy<Value = Operation> {
    use Operation::*;
    // Few places and contents, so that tiles are often changed again, and changed back.
    let place = prop_oneof![2 => 0usize..4, 1 => 0usize..20];
    let choice = prop_oneof![2 => 0usize..8, 1 => 8usize..9, 2 => 9usize..10];
    let tiles = prop::collection::vec((place, choice), 0..7);
    let rebuild = || prop::option::weighted(0.3, 0usize..6);
    let damages = prop::collection::vec(any_damage(), 0..4);
    prop_oneof![
        8 => (0u32..2, tiles).prop_map(|(gap, tiles)| Patch { gap, tiles }),
        6 => Just(Build),
        5 => (rebuild(), 0u64..50).prop_map(|(rebuild, after)| StopBuild { rebuild, after }),
        1 => (rebuild(), any_kill()).prop_map(|(rebuild, kill)| KillBuild { rebuild, kill }),
        1 => (0usize..6).prop_map(|from| Rebuild { from }),
        1 => Just(DryBuild),
        6 => (any::<bool>(), any_pick(), any::<bool>(), prop::option::of(0u64..90))
            .prop_map(|(built, pick, keep_sources, stop_after)| Vacuum { built, pick, keep_sources, stop_after }),
        1 => (any_pick(), any::<bool>(), any_kill())
            .prop_map(|(pick, keep_sources, kill)| KillVacuum { pick, keep_sources, kill }),
        1 => (any_pick(), any::<bool>()).prop_map(|(pick, keep_sources)| DryVacuum { pick, keep_sources }),
        1 => Just(DeleteDest),
        1 => (0usize..6, any::<u8>()).prop_map(|(version, tiles)| Touch { version, tiles }),
        3 => (0usize..6, 0usize..20, 0usize..10, any_deal())
            .prop_map(|(version, place, change, deal)| ChangeSource { version, place, change, deal }),
        3 => (any_settings_change(), any_deal()).prop_map(|(change, deal)| ChangeSettings { change, deal }),
        3 => damages.prop_map(|damages| Damage { damages }),
        1 => (0usize..6, any::<bool>()).prop_map(|(version, tree)| Lose { version, tree }),
        1 => Just(Age),
        1 => Just(LatestLags),
    ]
}

fn any_kill() -> impl Strategy<Value = Kill> {
    prop_oneof![(0u64..12).prop_map(Kill::Milliseconds), (0usize..80).prop_map(Kill::Files)]
}

fn any_pick() -> impl Strategy<Value = Pick> {
    prop_oneof![
        2 => (1usize..4).prop_map(Pick::KeepLast),
        4 => any::<u8>().prop_map(Pick::Each),
        2 => (0usize..6, 0usize..6).prop_map(|(first, last)| Pick::Range(first, last)),
        1 => (0usize..6).prop_map(Pick::AsOldAs),
        1 => (0u64..3).prop_map(Pick::OlderThanDays),
    ]
}

fn any_deal() -> impl Strategy<Value = Deal> {
    prop_oneof![Just(Deal::Restore), Just(Deal::Rebuild), Just(Deal::DeleteDest)]
}

fn any_damage() -> impl Strategy<Value = Damage> {
    use Damage::*;
    let place = || (0usize..6, 0usize..60);
    prop_oneof![
        4 => place().prop_map(|(version, entry)| DeleteEntry { version, entry }),
        2 => place().prop_map(|(version, entry)| Truncate { version, entry }),
        2 => place().prop_map(|(version, entry)| Flip { version, entry }),
        4 => (place(), 0usize..6).prop_map(|((version, entry), other)| Relink { version, entry, other }),
        1 => (0usize..6).prop_map(|version| LoseDescriptor { version }),
        1 => (0usize..6).prop_map(|version| LoseManifest { version }),
        1 => (0usize..6).prop_map(|version| CutManifest { version }),
        1 => (0usize..6).prop_map(|version| LoseTree { version }),
        1 => Just(LoseLatest),
    ]
}
