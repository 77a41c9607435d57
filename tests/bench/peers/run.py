"""Kanak and Splink on the same citizens, side by side: python3 tests/bench/peers/run.py --records 100000,1000000 --runs 5

Each run is a whole process that reads one CSV and writes clusters.csv. The two take turns; the one that begins changes from
run to run. ../README.md says what is measured and how to read it.
"""

import argparse
import csv
import datetime
import hashlib
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
REQUIREMENTS = HERE / "requirements.txt"
MODEL = ROOT / "mdm" / "models" / "citizen.toml"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--records", default="100000,1000000", help="citizen source records, several with commas")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1, help="of the made-up state")
    parser.add_argument("--threads", type=int, help="cores for each, and threads on them [default: all]")
    parser.add_argument("--only", choices=["kanak", "splink"], help="leave the other one out")
    parser.add_argument("--kanak", type=Path, help="the binary [default: KANAK_BIN, else target/dist/kanak]")
    parser.add_argument("--cache", type=Path, help="folder of the virtual environment, the states and the outputs "
                        "[default: KANAK_BENCH_CACHE, else ~/.cache/kanak/bench]")
    parser.add_argument("--out", type=Path, help="file that gets a JSON line a figure [default: figures.jsonl in the cache]")
    args = parser.parse_args()
    try:
        args.sizes = [int(size) for size in args.records.replace("_", "").split(",")]
    except ValueError:
        parser.error(f"--records takes whole numbers with commas between them, not `{args.records}`")
    if args.runs < 1 or min(args.sizes) < 1:
        parser.error("--runs and --records are at least 1")
    args.cache = args.cache or Path(os.environ.get("KANAK_BENCH_CACHE", Path.home() / ".cache" / "kanak" / "bench"))
    args.out = args.out or args.cache / "figures.jsonl"
    return args


def find_kanak(named):
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    binary = named or Path(os.environ.get("KANAK_BIN", target / "dist" / "kanak"))
    if not os.access(binary, os.X_OK) or not binary.is_file():
        sys.exit(f"there is no kanak at {binary}; build it with `cargo build --profile dist -p kanak`, or name one with --kanak")
    return binary.resolve()


def make_environment(cache):
    """The Python of a virtual environment with what is pinned; made anew when the pins change."""
    folder = cache / f"venv-{hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]}"
    python = folder / "bin" / "python"
    if (folder / "complete").exists():
        return python
    print(f"Installing Splink into {folder}", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        venv.create(folder, with_pip=True)
    except (subprocess.CalledProcessError, OSError) as error:
        sys.exit(f"cannot make a virtual environment in {folder}: {error}; install python3-venv (Debian: apt-get install python3-venv)")
    installed = subprocess.run([python, "-m", "pip", "install", "--quiet", "--requirement", REQUIREMENTS],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if installed.returncode:
        last = installed.stderr.strip().splitlines()[-1:] or ["no reason given"]
        sys.exit(f"pip could not install {REQUIREMENTS}: {last[0]}\nit needs the package index once: see to the network, or to pip's "
                 "settings (PIP_INDEX_URL); `--only kanak` measures without Splink")
    (folder / "complete").touch()
    return python


def make_state(kanak, cache, records, seed):
    folder = cache / f"state-{records}-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    made = subprocess.run([kanak, "synth", "--records", str(records), "--seed", str(seed), "--flat", "--quiet", "--out", folder],
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if made.returncode:
        sys.exit(f"kanak synth failed: {made.stderr.strip()}")
    return folder / "truth"


def measure(command, cores, log):
    """Runs a command to its end on some cores; what the system says that it took."""
    load = os.getloadavg()[0]
    with open(log, "wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen([str(word) for word in command], stdout=output, stderr=output, cwd=HERE,
                                   preexec_fn=lambda: os.sched_setaffinity(0, cores))
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        tail = "\n".join(Path(log).read_text(errors="replace").splitlines()[-5:])
        sys.exit(f"`{command[0]}` ended with {process.returncode}; the end of {log}:\n{tail}")
    # ru_maxrss is in KiB on Linux. This process stays small, as a child's peak is never below its parent's.
    return {"wall_s": wall, "user_s": usage.ru_utime, "system_s": usage.ru_stime, "peak_mib": usage.ru_maxrss / 1024, "load_before": load}


def score(clusters, truth):
    """Pair precision, recall and F1, counted in a process of its own."""
    counted = subprocess.run([sys.executable, HERE / "score.py", clusters, truth], capture_output=True, text=True)
    if counted.returncode:
        sys.exit(counted.stderr.strip())
    return json.loads(counted.stdout)


class Kanak:
    name = "kanak"

    def __init__(self, binary, threads):
        self.binary, self.threads = binary, threads
        self.version = subprocess.run([binary, "--version"], capture_output=True, text=True).stdout.strip().removeprefix("kanak ")

    def command(self, truth, out):
        return [self.binary, "match", "--input", truth / "citizen_flat.csv", "--id", "id", "--source", "source",
                "--model", MODEL, "--threads", self.threads, "--quiet", "--out", out]

    def report(self, out):
        report = json.loads((out / "report.json").read_text())
        return {"compared": report["stats"]["compared"], "stages": report["seconds"]}


class Splink:
    name = "splink"

    def __init__(self, python, threads):
        self.python, self.threads = python, threads
        asked = [python, "-c", "import splink, duckdb; print(splink.__version__, 'on DuckDB', duckdb.__version__)"]
        self.version = subprocess.run(asked, capture_output=True, text=True).stdout.strip()

    def command(self, truth, out):
        return [self.python, HERE / "splink_match.py", truth / "citizen_flat.csv", out, "--threads", self.threads]

    def report(self, out):
        report = json.loads((out / "report.json").read_text())
        return {"compared": report["compared"], "stages": report["seconds"]}


def machine(cores):
    text = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    names = [line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"cpu": names[0] if names else platform.processor() or platform.machine(), "cores": len(cores),
            "memory_gib": round(memory, 1), "system": f"{platform.system()} {platform.release()}", "python": platform.python_version()}


def commit():
    asked = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return asked.stdout.strip() or None


FIGURES = ("wall_s", "user_s", "system_s", "peak_mib", "compared", "precision", "recall", "f1")


def run(peers, truth, args, cores, records):
    """All runs of one size: for each peer a list, an entry a run."""
    found = {peer.name: [] for peer in peers}
    for number in range(args.runs):
        for peer in peers if number % 2 == 0 else peers[::-1]:
            out = args.cache / f"out-{peer.name}-{records}"
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir(parents=True)
            taken = measure(peer.command(truth, out), cores, args.cache / f"{peer.name}-{records}.log")
            taken |= peer.report(out) | score(out / "clusters.csv", truth / "citizen.csv")
            found[peer.name].append(taken)
            print(f"{records:,} records, run {number + 1} of {args.runs}, {peer.name}: {taken['wall_s']:.1f} s, "
                  f"{taken['user_s']:.1f} s of CPU, {taken['peak_mib']:.0f} MiB, F1 {taken['f1']:.4f}", file=sys.stderr)
    return found


def write_figures(file, found, about):
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, "a", encoding="utf-8") as lines:
        for peer, runs in found.items():
            for figure in FIGURES:
                values = [round(run[figure], 4) for run in runs]
                line = about[peer] | {"figure": figure, "median": statistics.median(values), "runs": values}
                if figure == "wall_s":
                    line |= {"stages": [run["stages"] for run in runs], "load_before": [run["load_before"] for run in runs]}
                lines.write(json.dumps(line) + "\n")


def table(rows):
    header = ("records", "matcher", "wall s", "from", "to", "user s", "system s", "peak MiB", "pairs compared", "precision", "recall", "pair F1")
    cells = [header] + rows
    widths = [max(len(row[at]) for row in cells) for at in range(len(header))]
    for row in cells:
        print("  ".join(cell.rjust(width) if at != 1 else cell.ljust(width) for at, (cell, width) in enumerate(zip(row, widths))))


def row(records, peer, runs):
    middle = lambda figure: statistics.median(run[figure] for run in runs)
    walls = [run["wall_s"] for run in runs]
    return (f"{records:,}", peer, f"{middle('wall_s'):.1f}", f"{min(walls):.1f}", f"{max(walls):.1f}", f"{middle('user_s'):.1f}",
            f"{middle('system_s'):.1f}", f"{middle('peak_mib'):.0f}", f"{middle('compared'):,.0f}", f"{middle('precision'):.4f}",
            f"{middle('recall'):.4f}", f"{middle('f1'):.4f}")


def main():
    args = arguments()
    kanak = find_kanak(args.kanak)
    args.cache.mkdir(parents=True, exist_ok=True)
    available = sorted(os.sched_getaffinity(0))
    if args.threads and not 1 <= args.threads <= len(available):
        sys.exit(f"--threads {args.threads}: this process may use {len(available)} cores")
    cores = available[:args.threads]
    peers = []
    if args.only != "splink":
        peers.append(Kanak(kanak, len(cores)))
    if args.only != "kanak":
        peers.append(Splink(make_environment(args.cache), len(cores)))
    about = {"date": datetime.date.today().isoformat(), "machine": machine(cores), "commit": commit(), "seed": args.seed}
    rows = []
    for records in args.sizes:
        truth = make_state(kanak, args.cache, records, args.seed)
        with open(truth / "citizen_flat.csv", newline="", encoding="utf-8") as lines:
            count = sum(1 for _ in csv.reader(lines)) - 1
        found = run(peers, truth, args, cores, records)
        of = {peer.name: about | {"records": records, "rows": count, "matcher": peer.name, "version": peer.version} for peer in peers}
        write_figures(args.out, found, of)
        rows += [row(count, peer.name, found[peer.name]) for peer in peers]
    said = about["machine"]
    print(f"{said['cpu']}, {said['cores']} cores, {said['memory_gib']} GiB, {said['system']}, {about['date']}, seed {args.seed}; "
          f"medians of {args.runs} runs")
    print("; ".join(f"{peer.name} {peer.version}" for peer in peers))
    table(rows)
    print(f"A JSON line a figure is in {args.out}")


if __name__ == "__main__":
    main()
