"""Drives the latency benchmark: one sender, each receiver in turn, frames matched by their number."""
import argparse
import json
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SIZES = ((640, 480), (1280, 720), (1920, 1080))
FPS = 30
SKIP = FPS  # The first second: the keyframe, first allocations, threads that start.
TARGET_SIZE = "1280x720"
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


def summary(size, receiver, latencies_ns, cpu_percent):
    if not latencies_ns:
        raise SystemExit(f"{receiver} at {size}: no frame arrived")
    return {
        "size": size,
        "receiver": receiver,
        "median_ms": round(statistics.median(latencies_ns) / 1e6, 2),
        "p95_ms": round(percentile(latencies_ns, 0.95) / 1e6, 2),
        "cpu_percent": round(cpu_percent, 1),
        "frames": len(latencies_ns),
    }


def make_clip(args, width, height):
    frames = args.seconds * FPS + SKIP
    path = os.path.join(args.clips, f"clip_{width}x{height}_{frames}.ivf")
    if not os.path.exists(path):
        command = [os.path.join(args.programs, "latency_clip"), path + ".part", str(width), str(height), str(frames)]
        subprocess.run(command + ([args.video] if args.video else []), check=True)
        os.rename(path + ".part", path)
    return path


def read_json(process, name):
    line = process.stdout.readline()
    if not line:
        raise SystemExit(f"{name} ended early (exit {process.wait()})")
    return json.loads(line)


def measure(args, clip, size, receiver, command):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([os.path.join(args.programs, "latency_sender"), clip], **pipes) as sender:
        with subprocess.Popen(command, **pipes) as other:
            try:
                other.stdin.write(json.dumps(read_json(sender, "the sender")) + "\n")
                other.stdin.flush()
                sender.stdin.write(json.dumps(read_json(other, receiver)) + "\n")
                sender.stdin.flush()
                sent = read_json(sender, "the sender")["sent"]
                other.stdin.close()
                result = read_json(other, receiver)
                sender.stdin.close()
            except BaseException:
                other.kill()
                sender.kill()
                raise
    # A frame counts once: a number read twice would be a reading error.
    arrived = {}
    for number, at in result["received"]:
        arrived.setdefault(number, at)
    latencies = [at - sent[number] for number, at in arrived.items() if SKIP <= number < len(sent)]
    return summary(size, receiver, latencies, result["cpu_percent"])


def floor(args, clip, size):
    out = subprocess.run([os.path.join(args.programs, "latency_floor"), clip], check=True, capture_output=True, text=True)
    result = json.loads(out.stdout)
    return summary(size, "decode-only", result["latency_ns"][SKIP:], result["cpu_percent"])


def table(results):
    print(f"{'size':>10} {'receiver':>12} {'median ms':>10} {'p95 ms':>8} {'CPU %':>7} {'frames':>7}")
    for r in results:
        print(
            f"{r['size']:>10} {r['receiver']:>12} {r['median_ms']:>10.2f} {r['p95_ms']:>8.2f}"
            f" {r['cpu_percent']:>7.1f} {r['frames']:>7}"
        )
    median = {r["receiver"]: r["median_ms"] for r in results if r["size"] == TARGET_SIZE}
    if {"surveillx", "aiortc", "decode-only"} <= median.keys():
        ours = median["surveillx"]
        print(
            f"{TARGET_SIZE}: {ours / median['aiortc']:.3f} of aiortc (target 0.1),"
            f" {ours / median['decode-only']:.2f} of the floor (target 1.4)"
        )


def main():
    parser = argparse.ArgumentParser(description="Last RTP packet sent -> BGR in the application.")
    parser.add_argument("--json", action="store_true", help="print the results as a JSON list")
    parser.add_argument("--seconds", type=int, default=10, help="seconds measured for each receiver and size")
    parser.add_argument("--size", action="append", help="only this size, for example 1280x720")
    parser.add_argument("--receiver", action="append", help="only surveillx, aiortc or decode-only")
    parser.add_argument("--programs", required=True, help="folder of the built programs")
    parser.add_argument("--clips", required=True, help="folder where the clips are kept")
    parser.add_argument("--video", default="", help="video the clip shows; a moving pattern without one")
    args = parser.parse_args()
    os.makedirs(args.clips, exist_ok=True)
    load = os.getloadavg()[0]
    if load > os.cpu_count() / 2:
        print(f"the machine is busy (load {load:.1f}): these numbers are not worth keeping", file=sys.stderr)
    receivers = {
        "surveillx": [os.path.join(args.programs, "latency_receiver")],
        "aiortc": [PYTHON, os.path.join(HERE, "aiortc_receiver.py")],
    }
    results = []
    for width, height in SIZES:
        size = f"{width}x{height}"
        if args.size and size not in args.size:
            continue
        clip = make_clip(args, width, height)
        for name, command in receivers.items():
            if not args.receiver or name in args.receiver:
                results.append(measure(args, clip, size, name, command))
        if not args.receiver or "decode-only" in args.receiver:
            results.append(floor(args, clip, size))
    if args.json:
        print(json.dumps(results, indent=2))
    else:
        table(results)


main()
