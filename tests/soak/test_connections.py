"""200 connects and disconnects of one media process, half of them abrupt at random moments and half
reaching a decoded frame: threads and descriptors come back to where they were."""

import random
import signal
import threading

import pytest

from harness import Installation, threads_and_descriptors, wait_for

CONNECTIONS = 200
AT_ONCE = 5


@pytest.fixture
def site(tmp_path):
    installation = Installation(tmp_path, extra_sets=["vision.engine=builtin"])
    installation.run("db", "migrate")
    yield installation
    installation.stop_all()


def decoded(site):
    return site.metrics().get("surveillx_media_sessions_live_total", 0)


def visit(site, media, lane, name, abrupt_after):
    """One camera that comes and goes; the number of visits that showed a decoded frame."""

    def lives():
        return media.output.count(f"session.live process=media camera={lane['id']} ")

    before = lives()
    camera = site.camera(lane["token"], "test", "--size", "320x240", "--fps", "15", name=name)
    if abrupt_after is None:
        wait_for(lambda: lives() > before, 60, "a decoded frame")
        camera.stop(signal.SIGTERM)
        return 1
    try:
        camera.popen.wait(abrupt_after)
    except Exception:
        camera.popen.send_signal(signal.SIGKILL)
    camera.popen.wait()
    return 0


def visits(site, media, count, seed):
    """`count` visits, AT_ONCE side by side, each lane a camera of its own. Returns those decoded."""
    lanes = [site.add_camera(f"lane {seed}.{i}") for i in range(AT_ONCE)]
    results, problems = [], []

    def lane(index):
        rng = random.Random(seed * 1000 + index)
        try:
            for i in range(index, count, AT_ONCE):
                abrupt = rng.uniform(0.05, 1.2) if i % 2 else None
                results.append(visit(site, media, lanes[index], f"lane{seed}-{index}-{i}", abrupt))
        except Exception as problem:  # noqa: BLE001: told by the main thread
            problems.append(problem)

    threads = [threading.Thread(target=lane, args=(i,)) for i in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems, problems
    return sum(results)


def test_threads_and_descriptors_return_to_the_start(site):
    media = site.media()
    visits(site, media, 2 * AT_ONCE, seed=1)  # What a process opens once and keeps.

    def quiet():
        return site.metrics().get("surveillx_signaling_connections", 0) == 0

    wait_for(quiet, 60, "the end of the warm-up's sessions")
    start = wait_for(lambda: settled(media.pid), 30, "a steady count of threads")
    before = decoded(site)
    reached = visits(site, media, CONNECTIONS, seed=2)
    assert reached == CONNECTIONS // 2
    assert decoded(site) - before >= reached

    def back():
        now = threads_and_descriptors(media.pid)
        return all(abs(a - b) <= 2 for a, b in zip(now, start))

    try:
        wait_for(back, 40, "threads and descriptors of the start")
    finally:
        print(f"threads, descriptors: {start} at the start, {threads_and_descriptors(media.pid)} at the end")


def settled(pid):
    """The counts, once they have stayed the same over a second of looks."""
    first = threads_and_descriptors(pid)
    for _ in range(10):
        threading.Event().wait(0.1)
        if threads_and_descriptors(pid) != first:
            return None
    return first
