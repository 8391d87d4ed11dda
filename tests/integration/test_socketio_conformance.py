"""Every point of the Engine.IO 4 and Socket.IO 5 documents, against surveillx-socketio-conformance."""

import base64
import json
import socket

import pytest

from harness import Process, wait_for
from raw_socketio import Peer, read_response, refused_or_closed

PING_INTERVAL = 300
PING_TIMEOUT = 200
MAX_PAYLOAD = 1_000_000
SEPARATOR = "\x1e"


def serve(build_dir, folder, *arguments):
    program = build_dir / "surveillx-socketio-conformance"
    if not program.exists():
        pytest.skip(f"{program} is not built")
    process = Process([program, "--port", 0, *arguments], log=folder / "server.log")
    return process, int(process.wait_for_output(r"listening on port (\d+)").group(1))


@pytest.fixture(scope="module")
def engine(build_dir, tmp_path_factory):
    process, port = serve(build_dir, tmp_path_factory.mktemp("engine"), "--engine-only")
    yield Peer(port, "/engine.io/")
    process.popen.terminate()
    assert process.popen.wait(10) == 0


@pytest.fixture(scope="module")
def sio(build_dir, tmp_path_factory):
    process, port = serve(build_dir, tmp_path_factory.mktemp("socketio"))
    yield Peer(port, "/socket.io/")
    process.popen.terminate()
    assert process.popen.wait(10) == 0


def both(*names):
    """A point that holds for both servers."""
    return pytest.mark.parametrize("server", names or ("engine", "sio"), indirect=True)


@pytest.fixture
def server(request):
    return request.getfixturevalue(request.param)


def check_open(text, upgrades):
    assert text[0] == "0"
    info = json.loads(text[1:])
    assert isinstance(info.pop("sid"), str)
    assert info == {
        "upgrades": upgrades,
        "pingInterval": PING_INTERVAL,
        "pingTimeout": PING_TIMEOUT,
        "maxPayload": MAX_PAYLOAD,
    }


# --- Engine.IO: handshake and requests ------------------------------------------------------------


@both()
def test_polling_handshake_opens_a_session(server):
    response = server.request("GET", "EIO=4&transport=polling&t=abc")
    assert response.status_code == 200
    assert response.headers["Content-Type"].lower() == "text/plain; charset=utf-8"
    check_open(response.text, ["websocket"])
    assert server.open() != server.open()


@both()
def test_web_socket_handshake_opens_a_session_without_upgrades(server):
    with server.web_socket() as web_socket:
        check_open(web_socket.recv(), [])


@both()
def test_the_server_listens_on_ipv6_too(server):
    if not socket.has_ipv6:
        pytest.skip("no IPv6")
    assert Peer(server.port, server.path, "::1").open()


@both()
@pytest.mark.parametrize(
    "method, query",
    [
        ("GET", ""),
        ("GET", "transport=polling"),
        ("GET", "EIO=abc&transport=polling"),
        ("GET", "EIO=3&transport=polling"),
        ("GET", "EIO=4"),
        ("GET", "EIO=4&transport=abc"),
        ("GET", "EIO=4&transport=websocket"),
        ("GET", "EIO=4&transport=polling&sid=unknown"),
        ("POST", "EIO=4&transport=polling&sid=unknown"),
        ("POST", "EIO=4&transport=polling"),
        ("PUT", "EIO=4&transport=polling"),
        ("DELETE", "EIO=4&transport=polling"),
        ("PATCH", "EIO=4&transport=polling"),
        ("HEAD", "EIO=4&transport=polling"),
    ],
)
def test_a_request_without_what_is_mandatory_gets_400(server, method, query):
    assert server.request(method, query).status_code == 400


@both()
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_an_open_session_refuses_other_methods(server, method):
    sid = server.open()
    assert server.request(method, f"EIO=4&transport=polling&sid={sid}").status_code == 400


@both()
@pytest.mark.parametrize(
    "query",
    [
        "transport=websocket",
        "EIO=abc&transport=websocket",
        "EIO=3&transport=websocket",
        "EIO=4",
        "EIO=4&transport=abc",
        "EIO=4&transport=polling",
        "EIO=4&transport=websocket&sid=unknown",
    ],
)
def test_a_web_socket_without_what_is_mandatory_is_closed(server, query):
    assert refused_or_closed(server, query)


def test_cors_headers_are_on_every_answer(engine):
    origin = {"Origin": "http://elsewhere.example"}
    for query in ["EIO=4&transport=polling", "EIO=4"]:
        response = engine.request("GET", query, headers=origin)
        assert response.headers["Access-Control-Allow-Origin"] == "*"
    response = engine.request(
        "OPTIONS",
        "EIO=4&transport=polling",
        headers={**origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-a"},
    )
    assert response.status_code in (200, 204)
    assert "POST" in response.headers["Access-Control-Allow-Methods"]
    assert response.headers["Access-Control-Allow-Headers"] == "x-a"


# --- Engine.IO: messages --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "payload",
    [
        "4hello",
        "4",
        "4h\u20acllo \U0001f4f7",
        SEPARATOR.join(["4test1", "4test2", "4test3"]),
        SEPARATOR.join(["4hello", "bAQIDBA=="]),
        "b",
        "4" + "x" * (MAX_PAYLOAD - 1),
    ],
)
def test_polling_sends_and_receives(engine, payload):
    sid = engine.open()
    response = engine.post(sid, payload.encode())
    assert (response.status_code, response.text) == (200, "ok")
    response = engine.poll(sid)
    response.encoding = "utf-8"
    assert (response.status_code, response.text) == (200, payload)


def test_a_binary_content_type_is_accepted(engine):
    sid = engine.open()
    assert engine.post(sid, "bAQIDBA==", {"Content-Type": "application/octet-stream"}).text == "ok"
    assert engine.poll(sid).text == "bAQIDBA=="


def test_packets_wait_for_the_next_poll_in_order(engine):
    sid = engine.open()
    for i in range(3):
        assert engine.post(sid, f"4message {i}").text == "ok"
    assert engine.poll(sid).text == SEPARATOR.join(f"4message {i}" for i in range(3))


def test_a_pending_poll_is_answered_when_something_comes(engine):
    sid = engine.open()
    with engine.start_poll(sid) as poll:
        assert engine.post(sid, "4hello").text == "ok"
        assert read_response(poll) == (200, "4hello")


@pytest.mark.parametrize("message", ["4hello", "4", "4\u20ac", b"\x01\x02\x03\x04", b""])
def test_web_socket_sends_and_receives(engine, message):
    with engine.web_socket() as web_socket:
        web_socket.recv()
        web_socket.send(message)
        assert web_socket.recv_answering() == message


@both()
@pytest.mark.parametrize("body", [b"", b"abc", b"7", b"4a\x1e", b"\x1e4a", b"b!", b"bAQ", b"4\xff", b"0{}", b"2", b"2probe"])
def test_polling_closes_the_session_on_an_invalid_packet(server, body):
    sid = server.open()
    with server.start_poll(sid) as poll:
        assert server.post(sid, body).status_code == 400
        assert read_response(poll) == (200, "1")
    assert server.poll(sid).status_code == 400
    assert server.post(sid, "3").status_code == 400


@both()
@pytest.mark.parametrize("message", ["", "abc", "7", "b!", "0{}", "2", "2probe"])
def test_web_socket_closes_on_an_invalid_packet(server, message):
    with server.web_socket() as web_socket:
        web_socket.recv()
        web_socket.send(message)
        assert web_socket.closed_while_answering() != "ping timeout"


def test_a_payload_beyond_the_limit_closes_the_session(engine):
    sid = engine.open()
    assert engine.post(sid, "4" + "x" * MAX_PAYLOAD).status_code == 413
    assert engine.poll(sid).status_code == 400


def test_a_web_socket_message_beyond_the_limit_closes_the_session(engine):
    with engine.web_socket() as web_socket:
        web_socket.recv()
        web_socket.send("4" + "x" * MAX_PAYLOAD)
        assert web_socket.closed()


@both()
def test_a_duplicate_poll_closes_the_session(server):
    sid = server.open()
    with server.start_poll(sid) as first:
        with server.start_poll(sid) as second:
            assert read_response(second)[0] == 400
        assert read_response(first) == (200, "1")
    assert server.poll(sid).status_code == 400


@both()
def test_a_duplicate_post_closes_the_session(server):
    sid = server.open()
    # The first POST is active from its header on: its body comes after the second one.
    with server.start("POST", sid, "Content-Length: 6\r\n", b"4he") as first:
        assert server.post(sid, "4b").status_code == 400
        first.sendall(b"llo")
        assert read_response(first)[0] == 400
    assert server.poll(sid).status_code == 400


def test_posts_one_after_another_are_no_duplicates(engine):
    sid = engine.open()
    with engine.start("POST", sid, "Content-Length: 6\r\n", b"4he") as first:
        first.sendall(b"llo")
        assert read_response(first) == (200, "ok")
        assert engine.post(sid, "4b").text == "ok"
    assert engine.poll(sid).text == "4hello\x1e4b"


@both()
def test_a_cancelled_poll_closes_the_session(server):
    sid = server.open()
    server.start_poll(sid).close()
    wait_for(lambda: server.post(sid, "3").status_code == 400, what="the end of the session")
    assert server.poll(sid).status_code == 400


def test_a_cancelled_post_closes_the_session(engine):
    sid = engine.open()
    engine.start("POST", sid, "Content-Length: 6\r\n", b"4he").close()
    wait_for(lambda: engine.poll(sid).status_code == 400, what="the end of the session")


# --- Engine.IO: heartbeat and closing -------------------------------------------------------------


@both()
def test_polling_heartbeat(server):
    sid = server.open()
    if server.path == "/socket.io/":
        server.post(sid, "40")
        assert server.poll(sid).text.startswith("40{")
    for _ in range(3):
        assert server.poll(sid).text == "2"
        assert server.post(sid, "3").text == "ok"


@both()
def test_polling_without_pong_is_closed(server):
    sid = server.open()
    assert server.poll(sid).text == "2"
    assert server.poll(sid).text == "1"
    assert server.poll(sid).status_code == 400


def test_web_socket_heartbeat(engine):
    with engine.web_socket() as web_socket:
        web_socket.recv()
        for _ in range(3):
            assert web_socket.recv() == "2"
            web_socket.send("3")


@both()
def test_web_socket_without_pong_is_closed(server):
    with server.web_socket() as web_socket:
        web_socket.recv()
        assert web_socket.recv() == "2"
        assert web_socket.closed()


def test_a_pong_that_nobody_asked_for_is_harmless(engine):
    with engine.web_socket() as web_socket:
        web_socket.recv()
        web_socket.send("3")
        assert web_socket.recv() == "2"


@both()
def test_polling_close_packet(server):
    sid = server.open()
    with server.start_poll(sid) as poll:
        assert server.post(sid, "1").text == "ok"
        assert read_response(poll) == (200, "6")
    assert server.poll(sid).status_code == 400


@both()
def test_web_socket_close_packet(server):
    with server.web_socket() as web_socket:
        web_socket.recv()
        web_socket.send("1")
        assert web_socket.closed_while_answering() != "ping timeout"


# --- Engine.IO: upgrade ---------------------------------------------------------------------------


def upgrade_query(sid):
    return f"EIO=4&transport=websocket&sid={sid}"


def upgraded(peer, sid, web_socket):
    web_socket.send("2probe")
    assert web_socket.recv() == "3probe"
    web_socket.send("5")


@both()
def test_the_probe_is_answered_and_a_poll_gets_a_noop(server):
    sid = server.open()
    with server.web_socket(upgrade_query(sid)) as web_socket:
        web_socket.send("2probe")
        assert web_socket.recv() == "3probe"
        assert server.poll(sid).text == "6"
        web_socket.send("5")
        wait_for(lambda: server.post(sid, "3").status_code == 400, what="the upgrade")


def test_a_poll_that_is_pending_gets_a_noop(engine):
    sid = engine.open()
    with engine.start_poll(sid) as poll, engine.web_socket(upgrade_query(sid)) as web_socket:
        web_socket.send("2probe")
        assert web_socket.recv() == "3probe"
        assert read_response(poll) == (200, "6")
        web_socket.send("5")
        web_socket.send("4hello")
        assert web_socket.recv_answering() == "4hello"


def test_no_packet_is_lost_by_an_upgrade(engine):
    sid = engine.open()
    engine.post(sid, "4before\x1ebAQID")
    with engine.web_socket(upgrade_query(sid)) as web_socket:
        web_socket.send("2probe")
        assert web_socket.recv() == "3probe"
        assert engine.post(sid, "4during").text == "ok"
        web_socket.send("5")
        assert [web_socket.recv_answering() for _ in range(3)] == ["4before", b"\x01\x02\x03", "4during"]


@both()
def test_requests_after_the_upgrade_are_refused_and_the_session_goes_on(server):
    sid = server.open()
    with server.web_socket(upgrade_query(sid)) as web_socket:
        upgraded(server, sid, web_socket)
        wait_for(lambda: server.poll(sid).status_code == 400, what="the upgrade")
        assert server.post(sid, "4x").status_code == 400
        assert refused_or_closed(server, upgrade_query(sid))
        web_socket.send("40" if server.path == "/socket.io/" else "4hello")
        assert web_socket.recv_answering().startswith("4")


def test_a_second_web_socket_of_a_web_socket_session_is_closed(engine):
    with engine.web_socket() as web_socket:
        sid = json.loads(web_socket.recv()[1:])["sid"]
        assert refused_or_closed(engine, upgrade_query(sid))
        web_socket.send("4hello")
        assert web_socket.recv_answering() == "4hello"


def test_a_second_web_socket_while_one_probes_is_closed(engine):
    sid = engine.open()
    with engine.web_socket(upgrade_query(sid)) as web_socket:
        web_socket.send("2probe")
        assert web_socket.recv() == "3probe"
        assert refused_or_closed(engine, upgrade_query(sid))
        web_socket.send("5")
        web_socket.send("4hello")
        assert web_socket.recv_answering() == "4hello"


@pytest.mark.parametrize("messages", [["5"], ["2"], ["2other"], ["4hello"], ["abc"], [b"\x01"], ["2probe", "2probe"], []])
def test_a_failed_upgrade_leaves_the_session_polling(engine, messages):
    sid = engine.open()
    with engine.web_socket(upgrade_query(sid)) as web_socket:
        for message in messages:
            web_socket.send(message)
        if messages:
            assert web_socket.closed()
    # The heartbeat went on meanwhile, by polling.
    assert engine.post(sid, "4hello").text == "ok"
    assert "4hello" in engine.poll(sid).text.split(SEPARATOR)


# --- Socket.IO ------------------------------------------------------------------------------------


def connect(web_socket, name_space=""):
    """Joins a namespace; returns the id that the server gave."""
    prefix = f"{name_space}," if name_space else ""
    web_socket.send("40" + prefix)
    answer = web_socket.recv_answering()
    assert answer.startswith("40" + prefix + "{")
    assert web_socket.recv_answering() == f'42{prefix}["auth",{{}}]'
    return json.loads(answer[len("40" + prefix) :])["sid"]


@pytest.fixture
def joined(sio):
    """A WebSocket that has joined the main namespace."""
    with sio.web_socket() as web_socket:
        web_socket.engine_id = json.loads(web_socket.recv()[1:])["sid"]
        web_socket.socket_id = connect(web_socket)
        yield web_socket


@pytest.mark.parametrize(
    "packet, answer, auth",
    [
        ("40", "40", '42["auth",{}]'),
        ('40{"token":"123"}', "40", '42["auth",{"token":"123"}]'),
        ("40/custom,", "40/custom,", '42/custom,["auth",{}]'),
        ("40/custom", "40/custom,", '42/custom,["auth",{}]'),
        ('40/custom,{"token":"abc"}', "40/custom,", '42/custom,["auth",{"token":"abc"}]'),
    ],
)
def test_connect_is_answered_with_an_id_and_the_auth(sio, packet, answer, auth):
    with sio.web_socket() as web_socket:
        web_socket.recv()
        web_socket.send(packet)
        got = web_socket.recv_answering()
        assert got.startswith(answer + "{")
        payload = json.loads(got[len(answer) :])
        assert list(payload) == ["sid"] and isinstance(payload["sid"], str)
        assert web_socket.recv_answering() == auth


def test_connect_works_by_polling(sio):
    sid = sio.open()
    assert sio.post(sid, '40{"a":1}').text == "ok"
    first, auth = sio.poll(sid).text.split(SEPARATOR)
    assert first.startswith('40{"sid":"') and auth == '42["auth",{"a":1}]'


def test_an_unknown_namespace_is_refused_and_the_connection_stays(sio):
    with sio.web_socket() as web_socket:
        web_socket.recv()
        web_socket.send("40/random")
        assert web_socket.recv_answering() == '44/random,{"message":"Invalid namespace"}'
        connect(web_socket)


def test_ids_differ_between_session_and_namespaces(joined):
    assert len({joined.engine_id, joined.socket_id, connect(joined, "/custom")}) == 3


@pytest.mark.parametrize("packet", ["4abc", "4", "40[]", '40"x"', "40null", '42["message","x"]', "41", "43[]", "431[]", '44{"message":"x"}', "42/custom,[]"])
def test_anything_but_connect_first_closes_the_connection(sio, packet):
    with sio.web_socket() as web_socket:
        web_socket.recv()
        web_socket.send(packet)
        assert web_socket.closed_while_answering() != "ping timeout"


def test_a_namespace_has_to_be_joined_in_time(sio):
    with sio.web_socket() as web_socket:
        web_socket.recv()
        assert web_socket.closed_while_answering() == "connect timeout"


def test_namespaces_share_a_connection(joined):
    connect(joined, "/custom")
    joined.send("41/custom,")
    joined.send('42["message","still here"]')
    assert joined.recv_answering() == '42["message-back","still here"]'
    connect(joined, "/custom")
    # What is sent to a namespace after leaving it is a mistake.
    joined.send("41/custom")
    joined.send('42/custom,["message"]')
    assert joined.closed_while_answering() != "ping timeout"


def test_leaving_the_main_namespace_is_not_answered(joined):
    joined.send("41")
    assert joined.recv() == "2"


@pytest.mark.parametrize(
    "sent, received",
    [
        (['42["message",1,"2",{"3":[true]}]'], ['42["message-back",1,"2",{"3":[true]}]']),
        (['42["message"]'], ['42["message-back"]']),
        (['42["message",null,"\u20ac\U0001f4f7","\\u001e"]'], ['42["message-back",null,"\u20ac\U0001f4f7","\\u001E"]']),
        (['42["message",9007199254740991,-1]'], ['42["message-back",9007199254740991,-1]']),
        (['42456["message-with-ack",1,"2",{"3":[false]}]'], ['43456[1,"2",{"3":[false]}]']),
        (['420["message-with-ack"]'], ["430[]"]),
        (['427["nobody-handles-this"]'], ["437[]"]),
        (
            ['452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]', b"\x01\x02\x03", b"\x04\x05\x06"],
            ['452-["message-back",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]', b"\x01\x02\x03", b"\x04\x05\x06"],
        ),
        (
            ['452-789["message-with-ack",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]', b"\x01\x02\x03", b"\x04\x05\x06"],
            ['462-789[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]', b"\x01\x02\x03", b"\x04\x05\x06"],
        ),
        (
            ['451-["message",{"deep":[{"er":{"_placeholder":true,"num":0}}]}]', b""],
            ['451-["message-back",{"deep":[{"er":{"_placeholder":true,"num":0}}]}]', b""],
        ),
    ],
)
def test_events_and_acknowledgements(sio, joined, sent, received):
    def same(got, wanted):
        if isinstance(wanted, bytes):
            return got == wanted
        # How a character is escaped is free.
        return got == wanted or json.loads(got[got.index("[") :]) == json.loads(wanted[wanted.index("[") :])

    for message in sent:
        joined.send(message)
    answers = [joined.recv_answering() for _ in received]
    assert all(same(got, wanted) for got, wanted in zip(answers, received)), answers
    # The same by polling, where attachments are base64.
    encode = lambda m: m if isinstance(m, str) else "b" + base64.b64encode(m).decode()
    sid = sio.open()
    sio.post(sid, "40")
    assert sio.poll(sid).text.startswith("40{")
    assert sio.post(sid, SEPARATOR.join(map(encode, sent)).encode()).text == "ok"
    response = sio.poll(sid)
    response.encoding = "utf-8"
    packets = [p for p in response.text.split(SEPARATOR) if p != "2"]
    decode = lambda p: base64.b64decode(p[1:]) if p.startswith("b") else p
    assert all(same(decode(got), wanted) for got, wanted in zip(packets, received)), packets
    assert len(packets) == len(received)


@pytest.mark.parametrize(
    "packets",
    [
        ["4abc"],
        ["47"],
        ["49[]"],
        ["42"],
        ["42{}"],
        ["42[]"],
        ["42[{}]"],
        ['42"message"'],
        ['42["message"'],
        ['42["connect"]'],
        ['42["disconnecting"]'],
        ['42abc["message-with-ack",1,"2",{"3":[false]}]'],
        ['4299999999999999999999["message"]'],
        ["43[]"],
        ["431{}"],
        ["431"],
        ['44{"message":"x"}'],
        ["41{}"],
        ['42/unknown,["message"]'],
        [b"\x01"],
        ['451-["message",{"_placeholder":true,"num":0}]', '42["message"]'],
        ['451-["message",{"_placeholder":true,"num":1}]'],
        ['451-["message",{"_placeholder":true,"num":"splice"}]'],
        ['45["message"]'],
        ['45x-["message"]'],
        ['4511-["message"]'],
        ['450-["message"]', b"\x01"],
        ['42["message",' + "[" * 100 + "]" * 100 + "]"],
    ],
)
def test_an_invalid_packet_closes_the_connection(joined, packets):
    for packet in packets:
        joined.send(packet)
    assert joined.closed_while_answering() != "ping timeout"


def test_an_invalid_packet_closes_a_polling_session(sio):
    sid = sio.open()
    assert sio.post(sid, "40").text == "ok"
    assert sio.post(sid, "42{}").status_code == 400
    assert sio.poll(sid).status_code == 400


def test_joining_twice_is_refused_and_the_first_place_stays(joined):
    joined.send("40")
    assert joined.recv_answering().startswith('44{"message":')
    joined.send('42["message","x"]')
    assert joined.recv_answering() == '42["message-back","x"]'


def test_a_socket_outlives_the_upgrade_of_its_session(sio):
    sid = sio.open()
    sio.post(sid, "40")
    assert sio.poll(sid).text.startswith("40{")
    with sio.web_socket(upgrade_query(sid)) as web_socket:
        upgraded(sio, sid, web_socket)
        web_socket.send('42["message","x"]')
        assert web_socket.recv_answering() == '42["message-back","x"]'
