"""Recognition on real video: exactly the enrolled people are marked present, strangers never."""

import csv
import time

import cv2
import pytest

from harness import Installation, Postgres, shared, wait_for

pytestmark = pytest.mark.skipif(
    shared("models") is None or shared("video") is None, reason="../shared/models and ../shared/video are not there"
)


def frames_of(clip, folder, count=4):
    """`count` frames spread over the clip, as JPEG files."""
    capture = cv2.VideoCapture(str(clip))
    frames = []
    while True:
        more, frame = capture.read()
        if not more:
            break
        frames.append(frame)
    assert len(frames) >= count, clip
    files = []
    for i in range(count):
        path = folder / f"{clip.stem}-{i}.jpg"
        cv2.imwrite(str(path), frames[len(frames) * (2 * i + 1) // (2 * count)])
        files.append(path)
    return files


def clips_of_people():
    people = {}
    with open(shared("video") / "people.csv") as file:
        for row in csv.DictReader(file):
            if row["person"] != "stranger":
                people.setdefault(row["person"], []).append(shared("video") / row["clip"])
    return people


def enrol(site, tmp_path):
    """Everybody from frames of their first clip; returns the clips that are left, by person."""
    left = {}
    for person, clips in clips_of_people().items():
        photos = frames_of(clips[0], tmp_path)
        added = site.json("people", "add", person, "--external-id", f"id-{person}", *photos)
        accepted = [p for p in added["photos"] if p["ok"]]
        assert accepted, added
        left[person] = clips[1:]
    return left


def analysed(site, camera):
    return site.metrics().get(f'surveillx_recognition_frames_analysed_total{{camera="{camera}"}}', 0)


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request, tmp_path):
    postgres = Postgres(tmp_path) if request.param == "postgresql" else None
    installation = Installation(tmp_path, postgres.url if postgres else None, models=shared("models"))
    installation.run("db", "migrate")
    yield installation
    installation.stop_all()
    if postgres:
        postgres.stop()


def test_exactly_the_people_in_the_clips_are_marked_and_strangers_never(site, tmp_path):
    clips = enrol(site, tmp_path)
    expected = {person for person, left in clips.items() if left}
    site.media()

    # Nobody who was not enrolled may be marked: the stranger and the far faces come first, while the
    # book is empty.
    strangers = ["head_pose_female_480x270.mp4", "classroom_480x270.mp4"]
    cameras = []
    for clip in strangers:
        token = site.add_camera(clip)["token"]
        cameras.append(site.camera(token, f"file:{shared('video') / clip}", name=clip))
    for clip in strangers:
        wait_for(lambda: analysed(site, clip) >= 40, 90, f"40 analysed frames of {clip}")
    unknown = 'surveillx_recognition_unknown_decisions_total{camera="head_pose_female_480x270.mp4"}'
    wait_for(lambda: site.metrics().get(unknown, 0) >= 1, 60, "an `unknown` decision on the stranger")
    for clip in strangers:
        print(f"{clip}: {analysed(site, clip):.0f} frames analysed")
    for camera in cameras:
        camera.stop()
    assert site.attendance() == []

    # One clip after the other: a camera, too, wants its part of two cores.
    for person, left in clips.items():
        for clip in left:
            token = site.add_camera(clip.name)["token"]
            camera = site.camera(token, f"file:{clip}", name=clip.name)
            known = f'surveillx_recognition_known_decisions_total{{camera="{clip.name}"}}'
            wait_for(lambda: site.metrics().get(known, 0) >= 1, 60, f"a decision on {person} in {clip.name}")
            wait_for(lambda: analysed(site, clip.name) >= 30, 60, f"30 analysed frames of {clip.name}")
            print(f"{clip.name}: {analysed(site, clip.name):.0f} frames analysed")
            camera.stop()
    wait_for(lambda: {r["person"] for r in site.attendance()} >= expected, 30, f"{expected} in the attendance")
    records = site.attendance()
    assert {r["person"] for r in records} == expected
    assert len(records) == len({(r["person_id"], r["day"]) for r in records})
    for record in records:
        assert record["external_id"] == f"id-{record['person']}"
        assert record["status"] == "present"
        assert record["sightings"] >= 1
        assert record["first_seen"] <= record["last_seen"]


def test_somebody_in_view_is_named_after_being_enrolled(tmp_path):
    site = Installation(tmp_path, models=shared("models"))
    try:
        site.run("db", "migrate")
        site.run("people", "add", "Somebody Else", *frames_of(shared("video") / "asl_bird.mkv", tmp_path))
        site.media()
        camera = site.camera(site.add_camera("c")["token"], f"file:{shared('video') / 'asl_no.mkv'}")
        unknown, known = (f"surveillx_recognition_{word}_decisions_total" for word in ("unknown", "known"))
        wait_for(lambda: site.metric(unknown) >= 1, 60, "an `unknown` decision")
        assert site.metric(known) == 0
        site.run("people", "add", "Ann", *frames_of(shared("video") / "asl_again.mkv", tmp_path))
        begin = time.monotonic()
        wait_for(lambda: site.metric(known) >= 1, 60, "the new person's name")
        print(f"named {time.monotonic() - begin:.1f} s after being enrolled")
        wait_for(lambda: [r["person"] for r in site.attendance()] == ["Ann"], 30, "the new person in the attendance")
        camera.stop()
    finally:
        site.stop_all()
