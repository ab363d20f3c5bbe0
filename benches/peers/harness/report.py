"""Tables of what was measured: medians over the rounds, and ratios within rounds."""

from .rounds import middle, ratio
from .tools import say


def table(heads, lines):
    """Text on the left, numbers on the right."""
    lines = [[str(cell) for cell in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(heads, *lines)]
    for number, line in enumerate([heads, *lines]):
        cells = [cell.ljust(width) if place < 2 else cell.rjust(width)
                 for place, (cell, width) in enumerate(zip(line, widths))]  # fmt: skip
        say("  " + "  ".join(cells).rstrip())
        if number == 0:
            say("  " + "  ".join("-" * width for width in widths))


def show(value, form=".2f", unit=""):
    return "-" if value is None else f"{value:{form}}{unit}"


def against(results, base):
    """One line for each contestant, with how many times the base's cost it takes."""
    lines = []
    for key, result in results.items():
        if result["failed"] and not result["rounds"]:
            lines.append([key, result["label"], "FAILED"] + [""] * 6)
            continue
        times = [measured["time"] for measured in result["rounds"]]
        lines.append([
            key, result["label"], show(middle(result, "time"), ".3f"), f"{min(times):.3f}-{max(times):.3f}",
            show(middle(result, "cpu"), ".3f"), show(middle(result, "peak_mb"), ".1f"),
            show(middle(result, "flush_after"), ".3f"),
            *(show(ratio(result, base, what), ".2f", "x") if base else "" for what in ("time", "peak_mb")),
        ])  # fmt: skip
    return lines


HEADS = ["", "", "time s", "from-to", "CPU s", "peak MB", "sync after s", "time", "memory"]


def failures(results):
    for key, result in results.items():
        if result["failed"]:
            say(f"  {key} FAILED: {result['failed']}")


def builds(results, title):
    """Time and memory beside fast_pyramid's: 2.00x is twice as much as fast_pyramid takes."""
    say(f"\n{title}; the last two columns are multiples of a:")
    base = results.get("a") if results.get("a", {}).get("rounds") else None
    table(HEADS, against(results, base))
    failures(results)
    for key in results:
        if key not in ("a", "idle") and base and results[key]["rounds"]:
            said = f"a/{key}: time {show(ratio(base, results[key], 'time'))}, "
            say(f"  {said}CPU {show(ratio(base, results[key], 'cpu'))}, memory {show(ratio(base, results[key], 'peak_mb'))}")


def plain(results, title, base):
    say(f"\n{title}; the last two columns are multiples of {base}:")
    table(HEADS, against(results, results.get(base)))
    failures(results)


def parents(by_quality):
    say("\ne: one parent from four children, one thread, alternating in one process (medians over parents):")
    heads = ["", "", "libjpeg-turbo us", "fast_pyramid us", "theirs/ours", "PSNR dB lowest", "median", "bytes ours/theirs"]
    lines = []
    for quality, one in by_quality.items():
        chroma = "4:2:0" if int(quality) < 90 else "4:4:4"
        lines.append([
            f"Q{quality}", f"{chroma}, {one['parents']} parents", show(one["turbo_us"], ".0f"), show(one["ours_us"], ".0f"),
            show(one["ratio"], ".2f", "x"), show(one["psnr_lowest"], ".1f"), show(one["psnr_median"], ".1f"),
            show(one["our_bytes"] / one["turbo_bytes"], ".3f"),
        ])  # fmt: skip
    table(heads, lines)


def threads(results, quality):
    plain(results, f"threads of fast_pyramid, quality {quality}", "j1")
    for key in list(results)[1:]:
        say(f"  {key} is {show(ratio(results['j1'], results[key], 'time'))} times as fast as j1")


def patch(results, tiles):
    say(f"\npatch of one tile among {tiles:,}:")
    lines = []
    links = next((results[key] for key in results if key.startswith("links") and key != "links j1"), None)
    for key, result in results.items():
        if not result["rounds"]:
            lines.append([key, result["label"], "FAILED"] + [""] * 6)
            continue
        said = [measured["said"] for measured in result["rounds"]]
        generated = said[-1]["versions"][-1]["generated"] if "versions" in said[-1] else ""
        # Bare links count by their own clock, which leaves out listing the names.
        bare = [one["seconds"] for one in said] if key.startswith("links") else None
        time = sorted(bare)[len(bare) // 2] if bare else middle(result, "time")
        alone = sorted(one["links"] for one in said)[len(said) // 2] if bare else None
        ratios = [times_of(result, results.get("links j1")), times_of(result, links)] if key in ("v1", "v2") else ["", ""]
        lines.append([key, result["label"], show(time, ".3f"), show(alone, ".3f") if bare else "",
                      show(middle(result, "cpu"), ".3f"), show(middle(result, "peak_mb"), ".1f"), generated, *ratios])  # fmt: skip
    heads = ["", "", "time s", "links alone s", "CPU s", "peak MB", "generated", "over links j1", "over links, all"]
    table(heads, lines)
    failures(results)


def times_of(result, links):
    """How many times the bare links' time (with their flush, as fast_pyramid flushes too)."""
    pairs = list(zip(result["rounds"], links["rounds"])) if links else []
    ratios = sorted(left["time"] / right["said"]["seconds"] for left, right in pairs)
    return show(ratios[len(ratios) // 2], ".2f", "x") if ratios else "-"
