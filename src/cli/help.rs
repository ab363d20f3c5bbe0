//! The long texts of `--help` and the manual pages.

pub(super) const ABOUT: &str =
    "Builds versioned Deep Zoom pyramids from base tiles, and after a patch only what changed";

pub(super) const LONG_ABOUT: &str = "\
Builds Deep Zoom (DZI) pyramids from base tiles that already exist.

A pyramid folder holds pyramid.json, such as { width: 750, height: 500, tile_size: 250, overlap: 0 }, and the \
base tiles in v0 as COLUMN_ROW.jpg (or .jpeg, .png). `fast_pyramid image1` generates the coarser tiles by 2x2 reduction and \
publishes the pyramid as image1/dest/dzi/v0. When some tiles change, put only those into v1 and run the same command: \
it regenerates only their ancestors, and links everything else. The newest version is image1/dest/dzi/latest.";

pub(super) const EXAMPLES: &str = "\
Examples:
  fast_pyramid image1                       build what is not published yet
  fast_pyramid build --dry-run image1       only report what would be built
  fast_pyramid init image1                  write pyramid.json from the tiles in image1/v0
  fast_pyramid cut --build map.tif image1   cut a picture into base tiles, and build the pyramid
  fast_pyramid -r archive                   build all pyramids in a folder
  fast_pyramid --json image1 image2         JSON Lines: one object per pyramid, for scripts
  fast_pyramid changes --since 7 image1     paths of the tiles that versions above v7 changed
  fast_pyramid info image1                  versions, what each owns, what dropping it would free
  fast_pyramid verify image1                check everything that is published
  fast_pyramid repair image1                repair what verify finds broken in dest
  fast_pyramid revert image1                publish what the version below the latest shows
  fast_pyramid vacuum --keep-last 5 image1  drop all versions but the newest five

Help on a command: fast_pyramid help COMMAND, or fast_pyramid COMMAND --help.

A folder named like a command is given as ./build, ./info, ... If the first word is neither a command nor a \
folder, nothing is built.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 invalid pyramid.json, tiles or pictures, 4 another process is \
using the pyramid, 130 interrupted, 143 terminated. With several pyramids, all are tried, and the highest code is returned.";

pub(super) const INIT: &str = "\
Writes pyramid.json from the tiles that are there, and prints what it found. It never changes an existing \
pyramid.json.

The base tiles are in v0, or in the lowest version. The pattern of their names, and how many columns and rows there are, \
follow from all names: two numbers vary, everything else is the same. Tile size, overlap and the size of the picture follow \
from the headers of all tiles at the edges and of about a thousand others, which must agree.

If the sizes show that the bottom row has the first number, row_order is bottom_up. Where all rows are equally high, nothing \
shows it, and row 0 is assumed to be at the top: for a TMS map, write row_order by hand.";

pub(super) const INIT_EXAMPLES: &str = "\
Examples:
  fast_pyramid init image1            write image1/pyramid.json
  fast_pyramid init --dry-run image1  only print what it would write

Exit codes: 0 done, 1 failed, 3 the tiles do not fit together, or there is a pyramid.json.";

pub(super) const VERIFY: &str = "\
Checks that everything published is still what was published. Changes nothing.

In every version, it checks the manifest, dzi.xml, the folders and the grid of tiles; that nothing unexpected is there; that \
each link is relative and leads straight to the file of the version that owns the tile; and the length and hash of each \
generated tile and each source tile. Unless --quick is given, it also regenerates each generated tile and compares them \
byte for byte. Versions built by another encoder version are compared by hash only.

Each problem is one line on standard output: version, path, kind, what was expected, what was found. Paths are under the \
version's tree; those of sources, manifests and dest/dzi itself are under the pyramid folder. A damaged tile is reported once, \
where its file is, not in every later version that links to it. At most 10,000 problems per version are printed; all are counted.

Kinds: damaged_manifest, missing, wrong_kind, wrong_link, wrong_length, wrong_hash, wrong_pixels, wrong_descriptor, \
source_changed, source_missing, unreadable, wrong_latest, unexpected.

Other readers may run at the same time. If another process is changing the pyramid, use --wait.";

pub(super) const VERIFY_EXAMPLES: &str = "\
Examples:
  fast_pyramid verify image1              everything, as in a yearly check
  fast_pyramid verify --quick image1      lengths and hashes only, as fast as the disk reads
  fast_pyramid verify -r archive          all pyramids of an archive
  fast_pyramid verify --json image1 | jq -r 'select(.kind == \"wrong_hash\") | .path'

Exit codes: 0 no problem, 1 problems found, or nothing is published, 3 pyramid.json is invalid.";

pub(super) const REPAIR: &str = "\
Repairs what verify finds broken in dest/, and nothing else.

Links, dzi.xml, folders and `latest` are recreated. Generated tiles are regenerated from their children, and must have the \
published hash. Files that do not belong in a tree are moved to dest/.fast_pyramid/found, which only --empty-found empties; \
those beside the trees in dest/dzi are left alone. If a manifest is damaged or lost, a tree is gone, or the pixels of a tile \
contradict its manifest, that version and those above are rebuilt, as with --rebuild-from. Every file is written beside its place and renamed, so readers never see a partial file.

Source tiles are only read. Those that changed or vanished are named, and so is everything else that cannot be repaired, such \
as generated tiles of versions that another encoder version built.

Each repaired thing is one line on standard output; with --json, one object sums up.";

pub(super) const REPAIR_EXAMPLES: &str = "\
Examples:
  fast_pyramid repair image1
  fast_pyramid verify -q image1 || fast_pyramid repair image1

Exit codes: 0 everything is in order now, 1 something cannot be repaired, 4 another process is using the pyramid.";

pub(super) const REVERT: &str = "\
Publishes a next version that shows what an earlier one shows. Nothing is deleted, and history is kept.

The next version's source folder gets copies of the base tiles in which the latest version differs, and is built like any other: \
only their ancestors are generated. A second `revert` takes the first one back; one after a killed `revert` finishes that. If \
the latest version shows the same already, there is no new version.

The sources of the earlier version have to be there; its tree may have been dropped with `vacuum --keep-sources`.";

pub(super) const REVERT_EXAMPLES: &str = "\
Examples:
  fast_pyramid revert image1            show the version below the latest again
  fast_pyramid revert --to 3 image1     show v3 again
  fast_pyramid revert --dry-run image1  only report how many tiles differ";

pub(super) const VACUUM: &str = "\
Deletes versions, their source folders included, to free their space. The latest version is never dropped.

Make a copy first of sources that you want to keep, or use --keep-sources; sources kept so stay in later calls, too, until \
--drop-sources is given or --drop names their version. A dry run and the report say which source tiles are gone for good.

The versions that stay show the same tiles as before, byte for byte: source tiles and generated tiles of a dropped version \
that they still show move to the next version that stays. Afterwards the pyramid is what `rm -rf dest` and a new build would make of it, and the lowest version is \
complete.

It can be killed at any moment: nothing is lost, and the next vacuum or build finishes it.";

pub(super) const VACUUM_EXAMPLES: &str = "\
Examples:
  fast_pyramid vacuum --keep-last 5 image1            drop all but the newest five
  fast_pyramid vacuum --drop 1..7 image1              drop v1 to v7, both inclusive
  fast_pyramid vacuum --drop 1,3,5..7 image1          several at once
  fast_pyramid vacuum --older-than 30d image1         drop versions built more than 30 days ago
  fast_pyramid vacuum --dry-run --keep-last 5 image1  only report what would be moved, deleted and freed
  fast_pyramid vacuum --keep-sources --drop 3 image1  drop the tree of v3, and leave the folder v3 alone
  fast_pyramid vacuum -r --keep-last 5 archive        in all pyramids of an archive";

pub(super) const CUT: &str = "\
Cuts a picture of any size into base tiles.

The first cut creates DIR with pyramid.json and all tiles in v0. When the picture has changed, the same command compares it with \
the latest version, tile by tile, and puts only the tiles that differ into the next version. With --build, the pyramid is built \
too; a first version in the same pass, so that nothing is decoded twice.

Pictures may be JPEG (baseline, progressive), PNG, TIFF and BigTIFF, PNM (PBM, PGM, PPM, PAM) and WebP. The format is detected \
from the contents, not from the name. ICC profiles other than sRGB are copied into the tiles, and pictures that are stored \
turned come out upright.

If an editor has saved a whole newer picture again, nearly all tiles differ a little. --tolerance leaves out those that \
differ by no more than an encoder does: 1 after TIFF or PNG, 3 after JPEG of the same quality; for a lower one, what the \
warning proposes.

A JPEG is cut into JPEG tiles without loss: its coefficients are copied. This needs a tile size that is a multiple of its MCU \
(16 or 8, as 256 is) and a picture that is not stored rotated or flipped. With --quality, or if pyramid.json states a quality and the latest \
tiles have it, the coefficients are requantised. All other pictures are decoded and encoded.

Memory depends on the width of the picture, not on its height: 60000 pixels wide need less than 500 MB. Some pictures must be \
buffered whole: interlaced PNG, progressive JPEG, WebP, and pictures that are stored rotated or flipped. That is announced, and refused \
beyond --max-memory.

With --into, pyramid.json records which picture a pyramid was cut from, and a picture from another place is refused. All \
pictures that would go into one folder, or into or around another pyramid, are reported before any is cut.";

pub(super) const CUT_USAGE: &str =
    "fast_pyramid cut [OPTIONS] IMAGE DIR\n       fast_pyramid cut [OPTIONS] --into DIR IMAGE...";

pub(super) const CUT_EXAMPLES: &str = "\
Examples:
  fast_pyramid cut --build map.tif image1        from one picture to image1/dest/dzi/latest
  fast_pyramid cut --build map2.tif image1       a newer picture: only the tiles that differ
  fast_pyramid cut --dry-run map.tif image1      size, tiles, and an estimate of disk and memory
  fast_pyramid cut --into pyramids *.jpg         each into pyramids/NAME, whatever becomes of the others
  fast_pyramid cut --keep-folders --into all scans/*/*.tif  each into all/scans/ROLL/NAME
  convert scan.psd ppm:- | fast_pyramid cut - image1

Exit codes are those of all commands. If the picture equals the latest version, there is no new version, and the code is 0.";
