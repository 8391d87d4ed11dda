"""Two media nodes on one database, as docs/nodes.md sets them up, beside one web process: each camera is shown
from the node that has it, and a node that dies takes only its own cameras with it."""

import os
import shutil
import signal

import pytest
import socketio

from harness import Installation, Postgres, wait_for
from test_attendance_delivery import Page, prepare, sight, start_web

TOKEN = "a token that only this test knows"


class Nodes:
    """`north` is the whole installation; `south` has a media process, a data directory and an outbox of its
    own, and the installation's key and database."""

    def __init__(self, folder, database_url=None):
        for name in ("north", "south"):
            (folder / name).mkdir()
        self.north = Installation(folder / "north", database_url, extra_sets=["media.node=north"])
        prepare(self.north)
        self.south = Installation(
            folder / "south",
            database_url or f"sqlite:{self.north.data / 'surveillx.db'}",
            extra_sets=["media.node=south", f"publish.url={self.north.web_url}"],
        )
        keys = self.south.data / "keys"
        keys.mkdir(parents=True, mode=0o700)
        shutil.copy(self.north.data / "keys" / "master.key", keys)
        (keys / "master.key").chmod(0o600)

    def start(self):
        """Web and both media processes, connected."""
        web = start_web(self.north)
        media = {site: site.media() for site in (self.north, self.south)}
        wait_for_both(web)
        return web, media

    def stop_all(self):
        self.south.stop_all()
        self.north.stop_all()


@pytest.fixture(params=["sqlite", "postgresql"])
def nodes(request, tmp_path):
    server = Postgres(tmp_path) if request.param == "postgresql" else None
    both = Nodes(tmp_path, server and server.url)
    yield both
    both.stop_all()
    if server:
        server.stop()


@pytest.fixture
def site(tmp_path):
    installation = Installation(tmp_path)
    prepare(installation)
    yield installation
    installation.stop_all()


def start_web_for_any_node(site):
    """Lets this test speak as media."""
    return start_web(site, {"SURVEILLX_PUBLISH_TOKEN": TOKEN})


def wait_for_both(web):
    for name in ("north", "south"):
        web.wait_for_output(rf"live\.media_connected.*{name}")


class Viewer:
    """What it hears of each camera: every `camera` event, in order, and the width of every picture."""

    def __init__(self, site):
        self.heard = {}
        self.pictures = {}
        self.client = socketio.Client(reconnection_delay=0.2, reconnection_delay_max=0.5)
        self.client.on("camera", lambda event: self.heard.setdefault(event["camera_id"], []).append(event), namespace="/stream")
        self.client.on("frame", self._frame, namespace="/stream")
        self.client.connect(site.web_url, namespaces=["/stream"], auth={"token": site.login()}, wait_timeout=10)
        self.client.emit("watch", {"max_fps": 30, "max_width": 1280}, namespace="/stream")

    def _frame(self, frame):
        self.pictures.setdefault(frame["camera_id"], []).append(frame["width"])

    def state(self, camera):
        events = self.heard.get(camera["id"])
        return events[-1]["state"] if events else None

    def wait_until(self, camera, state, timeout=60):
        wait_for(lambda: self.state(camera) == state, timeout, f"{camera['name']} to be {state}")
        return self.heard[camera["id"]][-1]

    def wait_for_pictures(self, camera, timeout=30):
        """Until three more than now have come."""
        seen = self.pictures.setdefault(camera["id"], [])
        goal = len(seen) + 3
        wait_for(lambda: len(seen) >= goal, timeout, f"pictures of {camera['name']}")


def publish(site, camera, size="320x240"):
    return site.camera(camera["token"], "test", "--size", size, "--fps", "10", name=camera["name"])


def kill(process):
    os.kill(process.pid, signal.SIGKILL)
    process.popen.wait()


def test_a_node_that_dies_takes_its_own_cameras_with_it_and_brings_them_back(nodes):
    gate, yard = (nodes.north.add_camera(name) for name in ("Gate", "Yard"))
    _, media = nodes.start()
    viewer = Viewer(nodes.north)
    publish(nodes.north, gate)
    publish(nodes.south, yard)
    for camera in (gate, yard):
        viewer.wait_until(camera, "live")
        viewer.wait_for_pictures(camera)

    before = len(viewer.heard[gate["id"]])
    kill(media[nodes.south])
    gone = viewer.wait_until(yard, "offline", timeout=5)
    assert "node" in gone["reason"]
    viewer.wait_for_pictures(gate)
    wait_for(lambda: len(viewer.heard[gate["id"]]) > before + 1, 20, "news of the other node's camera")
    assert {event["state"] for event in viewer.heard[gate["id"]][before:]} == {"live"}

    nodes.south.media()
    viewer.wait_until(yard, "live")  # Its camera connects again by itself.
    viewer.wait_for_pictures(yard)
    assert {event["state"] for event in viewer.heard[gate["id"]][before:]} == {"live"}
    viewer.client.disconnect()


def test_a_camera_that_moves_is_shown_from_its_new_node_and_stays_so(nodes):
    gate = nodes.north.add_camera("Gate")
    web, media = nodes.start()
    viewer = Viewer(nodes.north)
    old = publish(nodes.north, gate, "160x120")
    assert viewer.wait_until(gate, "live")["width"] in (0, 160)
    viewer.wait_for_pictures(gate)

    # For a moment both nodes have it, and both say so every two seconds.
    publish(nodes.south, gate, "320x240")
    events = viewer.heard[gate["id"]]
    wait_for(lambda: events[-1]["width"] == 320, 60, "the new node's picture")
    moved = len(events)
    viewer.wait_for_pictures(gate)
    old.stop()
    wait_for(lambda: nodes.north.metric("surveillx_media_cameras_live") == 0, 30, "the old node to lose the camera")
    wait_for(lambda: len(events) >= moved + 3, 30, "the new node's reports")
    seen = len(viewer.pictures[gate["id"]])
    viewer.wait_for_pictures(gate)
    assert {(event["state"], event["width"]) for event in events[moved:]} == {("live", 320)}
    assert set(viewer.pictures[gate["id"]][seen:]) == {320}

    # What web has forgotten both nodes tell it again.
    viewer.client.disconnect()
    kill(web)
    web = start_web(nodes.north)
    wait_for_both(web)
    viewer = Viewer(nodes.north)
    wait_for(lambda: viewer.state(gate) == "live" and viewer.heard[gate["id"]][-1]["width"] == 320, 30, "the camera")
    viewer.wait_for_pictures(gate)

    before = len(viewer.heard[gate["id"]])
    kill(media[nodes.north])
    web.wait_for_output(r"live\.media_disconnected")
    viewer.wait_for_pictures(gate)
    assert {event["state"] for event in viewer.heard[gate["id"]][before:]} <= {"live"}
    viewer.client.disconnect()


def test_attendance_of_both_nodes_reaches_a_page_once(nodes):
    people = [nodes.north.json("people", "add", name)["id"] for name in ("Ada", "Ben", "Cleo", "Dora")]
    nodes.start()
    page = Page(nodes.north)
    wait_for(lambda: page.connects == 1, what="the page's list")
    for person, site in zip(people, (nodes.north, nodes.south, nodes.north, nodes.south)):
        sight(site, person)
        wait_for(lambda: page.heard_of(person), 20, "the event")
    last = nodes.north.json("people", "add", "Eve")["id"]
    sight(nodes.south, last)  # What was told twice would have come before this.
    wait_for(lambda: page.heard_of(last), 20, "the last event")
    assert [len(page.heard_of(person)) for person in people] == [1, 1, 1, 1]
    assert {event["name"] for event in page.heard} == {"Ada", "Ben", "Cleo", "Dora", "Eve"}
    page.client.disconnect()


def test_one_person_seen_at_both_nodes_has_one_record(nodes):
    person = nodes.north.json("people", "add", "Ada")["id"]
    nodes.start()
    then = 1_795_694_400  # Noon UTC.
    sight(nodes.north, person, then)
    sight(nodes.south, person, then + 60)
    wait_for(lambda: [record["sightings"] for record in nodes.north.attendance()] == [2], 20, "both sightings")


def test_a_name_that_is_none_is_refused_by_name(site):
    done = site.run("media", "--set", "media.node=two words", check=False, timeout=60)
    assert done.returncode != 0 and "media.node" in done.stderr and "two words" in done.stderr

    start_web_for_any_node(site)
    client = socketio.Client(reconnection=False)
    auth = {"token": TOKEN, "version": "1", "node": "two words"}
    refusals = []
    client.on("connect_error", refusals.append, namespace="/stream")
    with pytest.raises(socketio.exceptions.ConnectionError):
        client.connect(site.web_url, namespaces=["/stream"], auth=auth, wait_timeout=10)
    assert "malformed_node" in str(refusals)


def test_a_newer_connection_of_a_name_replaces_the_older_and_no_other_s(site):
    web = start_web_for_any_node(site)

    def connect(node):
        client = socketio.Client(reconnection=False)
        auth = {"token": TOKEN, "version": "1", "node": node}
        client.connect(site.web_url, namespaces=["/stream"], auth=auth, wait_timeout=10)
        return client

    other, older, newer = connect("south"), connect("north"), connect("north")
    web.wait_for_output(r"live\.media_replaced.*north")
    wait_for(lambda: not older.connected, 20, "the older connection to end")
    assert newer.connected and other.connected
    for client in (other, newer):
        client.disconnect()
