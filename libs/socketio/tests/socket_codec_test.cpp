#include "socket_codec.hpp"

#include "encoded_event.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace surveillx::socketio {
namespace {

namespace json = boost::json;

SharedBytes bytes(std::initializer_list<std::uint8_t> values) { return SharedBytes(Bytes(values)); }

TEST(SocketCodec, reads_every_example_of_the_protocol_document) {
  struct Case {
    const char* text;
    SocketType type;
    const char* name_space;
    std::optional<std::uint64_t> id;
    const char* event;
    const char* content;  // The arguments, or the payload of CONNECT and CONNECT_ERROR.
  };
  const Case cases[] = {
      {"0", SocketType::connect, "/", {}, "", "null"},
      {"0/admin,", SocketType::connect, "/admin", {}, "", "null"},
      {"0/admin", SocketType::connect, "/admin", {}, "", "null"},
      {R"(0{"token":"123"})", SocketType::connect, "/", {}, "", R"({"token":"123"})"},
      {R"(0/admin,{"sid":"oSO0"})", SocketType::connect, "/admin", {}, "", R"({"sid":"oSO0"})"},
      {R"(4{"message":"Not authorized"})",
       SocketType::connect_error,
       "/",
       {},
       "",
       R"({"message":"Not authorized"})"},
      {R"(4/admin,"no")", SocketType::connect_error, "/admin", {}, "", R"("no")"},
      {R"(2["foo"])", SocketType::event, "/", {}, "foo", "[]"},
      {R"(2/admin,["bar"])", SocketType::event, "/admin", {}, "bar", "[]"},
      {R"(212["foo",1,"2",{"3":[true]}])", SocketType::event, "/", 12, "foo",
       R"([1,"2",{"3":[true]}])"},
      {R"(2/admin,0["foo"])", SocketType::event, "/admin", 0, "foo", "[]"},
      {R"(2[7,"x"])", SocketType::event, "/", {}, "7", R"(["x"])"},
      {R"(3/admin,13["bar"])", SocketType::ack, "/admin", 13, "", R"(["bar"])"},
      {R"(312[])", SocketType::ack, "/", 12, "", "[]"},
      {"1", SocketType::disconnect, "/", {}, "", "null"},
      {"1/admin,", SocketType::disconnect, "/admin", {}, "", "null"},
      {"1/admin", SocketType::disconnect, "/admin", {}, "", "null"},
  };
  for (const Case& c : cases) {
    const auto packet = parse_packet(c.text);
    ASSERT_TRUE(packet.has_value()) << c.text << ": " << packet.error().message;
    EXPECT_EQ(packet->type, c.type) << c.text;
    EXPECT_EQ(packet->name_space, c.name_space) << c.text;
    EXPECT_EQ(packet->id, c.id) << c.text;
    EXPECT_EQ(packet->event, c.event) << c.text;
    const bool has_arguments = c.type == SocketType::event || c.type == SocketType::ack;
    const json::value content = has_arguments ? json::value(packet->arguments.args) : packet->data;
    EXPECT_EQ(json::serialize(content), c.content) << c.text;
  }
}

TEST(SocketCodec, refuses_what_is_not_well_formed) {
  const std::string deep = "2[\"a\"," + std::string(40, '[') + std::string(40, ']') + "]";
  const std::string long_name = "0/" + std::string(300, 'a') + ",";
  for (const std::string& text :
       std::vector<std::string>{"",
                                "abc",
                                "7",
                                "9[\"a\"]",
                                " 2[\"a\"]",  // types
                                "2",
                                "2[]",
                                "2{}",
                                "2\"a\"",
                                "2null",
                                "2[\"a\"",
                                "2[\"a\"]x",
                                "2[null]",
                                "2[{}]",
                                "2[\"\xff\"]",  // event payloads
                                "2[\"connect\"]",
                                "2[\"connect_error\"]",
                                "2[\"disconnect\"]",
                                "2[\"disconnecting\"]",
                                "2[\"newListener\"]",
                                "2[\"removeListener\"]",  // reserved names
                                "2abc[\"a\"]",
                                "2-1[\"a\"]",
                                "21.5[\"a\"]",
                                "21234567890123456[\"a\"]",  // ids
                                "3[]",
                                "31",
                                "31{}",
                                "3/admin,[]",
                                "31null",  // acknowledgements
                                "0[]",
                                "0\"x\"",
                                "0null",
                                "0{",
                                "1{}",
                                "1[]",
                                "4",
                                "4[]",
                                "41",
                                "5[\"a\"]",
                                "5-[\"a\"]",
                                "5x-[\"a\"]",
                                "511-[\"a\"]",
                                "59999-[\"a\"]",
                                "51[\"a\"]",
                                "51-",
                                "51-{}",
                                "61-[]",  // attachments
                                deep,
                                long_name,
                                "0/a\x1e"
                                "b,"}) {
    EXPECT_TRUE(parse_packet(text).has_error()) << text;
  }
}

TEST(SocketCodec, placeholders_must_name_an_announced_attachment) {
  for (const char* text :
       {R"(51-["a",{"_placeholder":true,"num":1}])", R"(51-["a",{"_placeholder":true,"num":-1}])",
        R"(51-["a",{"_placeholder":true,"num":0.5}])", R"(51-["a",{"_placeholder":true}])",
        R"(51-["a",{"_placeholder":true,"num":"0"}])",
        R"(51-["a",{"deep":[{"er":{"_placeholder":true,"num":9}}]}])",
        R"(50-["a",{"_placeholder":true,"num":0}])", R"(61-7[{"_placeholder":true,"num":2}])"}) {
    EXPECT_TRUE(parse_packet(text).has_error()) << text;
  }
  EXPECT_TRUE(parse_packet(R"(51-["a",[{"x":{"_placeholder":true,"num":0}}]])").has_value());
  EXPECT_TRUE(parse_packet(R"(52-["a",{"_placeholder":false,"num":7}])").has_value());
  // Without attachments it is an object like any other, and leads nowhere.
  const auto plain = parse_packet(R"(2["a",{"_placeholder":true,"num":0}])");
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(attachment(plain->arguments, plain->arguments.args[0]), nullptr);
}

TEST(SocketCodec, the_assembler_waits_for_all_attachments) {
  Assembler assembler;
  auto packet = assembler.add_text(
      R"(52-/admin,15["baz",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}])");
  ASSERT_TRUE(packet.has_value());
  EXPECT_FALSE(packet->has_value());
  packet = assembler.add_binary(bytes({1, 2}));
  ASSERT_TRUE(packet.has_value());
  EXPECT_FALSE(packet->has_value());
  packet = assembler.add_binary(bytes({3, 4}));
  ASSERT_TRUE(packet.has_value() && packet->has_value());
  const SocketPacket& whole = **packet;
  EXPECT_EQ(whole.type, SocketType::event);
  EXPECT_EQ(whole.id, 15U);
  ASSERT_EQ(whole.arguments.args.size(), 2U);
  EXPECT_THAT(attachment(whole.arguments, whole.arguments.args[0])->view(),
              ::testing::ElementsAre(3, 4));
  EXPECT_THAT(attachment(whole.arguments, whole.arguments.args[1])->view(),
              ::testing::ElementsAre(1, 2));
  // And is ready for the next.
  EXPECT_TRUE(assembler.add_text(R"(2["a"])").value().has_value());
}

TEST(SocketCodec, the_assembler_refuses_what_is_out_of_step) {
  Assembler text_in_between;
  ASSERT_TRUE(text_in_between.add_text(R"(51-["a",{"_placeholder":true,"num":0}])").has_value());
  EXPECT_TRUE(text_in_between.add_text(R"(2["b"])").has_error());
  Assembler unexpected;
  EXPECT_TRUE(unexpected.add_binary(bytes({1})).has_error());
  Assembler none_announced;
  EXPECT_TRUE(none_announced.add_text(R"(50-["a"])").value().has_value());
  EXPECT_TRUE(none_announced.add_binary(bytes({1})).has_error());
}

TEST(SocketCodec, the_attachments_of_one_packet_are_bounded_together) {
  const char* const two = R"(52-["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])";
  Assembler assembler(4);
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(assembler.add_text(two).has_value());
    ASSERT_TRUE(assembler.add_binary(bytes({1, 2})).has_value());
    ASSERT_TRUE(assembler.add_binary(bytes({3, 4})).value().has_value()) << "each packet anew";
  }
  ASSERT_TRUE(assembler.add_text(two).has_value());
  ASSERT_TRUE(assembler.add_binary(bytes({1, 2})).has_value());
  EXPECT_TRUE(assembler.add_binary(bytes({3, 4, 5})).has_error());
}

TEST(SocketCodec, writes_what_the_document_shows) {
  Arguments one;
  one.args.push_back(attach(one, bytes({1, 2, 3, 4})));
  Arguments mixed;
  mixed.args.emplace_back("x\n\x1e");
  mixed.args.emplace_back(1.5);
  EXPECT_EQ(encode_connect("/", nullptr), "0");
  const json::object payload{{"sid", "a"}};
  EXPECT_EQ(encode_connect("/admin", &payload), R"(0/admin,{"sid":"a"})");
  EXPECT_EQ(encode_connect_error("/", "Not authorized"), R"(4{"message":"Not authorized"})");
  EXPECT_EQ(encode_disconnect("/"), "1");
  EXPECT_EQ(encode_disconnect("/admin"), "1/admin,");
  EXPECT_EQ(encode_event_text("/", "foo", {}, 12), R"(212["foo"])");
  EXPECT_EQ(encode_event_text("/admin", "bar", {}, {}), R"(2/admin,["bar"])");
  EXPECT_EQ(encode_event_text("/", "baz", one, {}), R"(51-["baz",{"_placeholder":true,"num":0}])");
  EXPECT_EQ(encode_ack_text("/", 15, one), R"(61-15[{"_placeholder":true,"num":0}])");
  EXPECT_EQ(encode_ack_text("/admin", 13, {}), "3/admin,13[]");
  // The separator of polling payloads never appears raw.
  const std::string escaped = encode_event_text("/", "e\"", mixed, {});
  EXPECT_EQ(escaped.find('\x1e'), std::string::npos);
  const auto back = parse_packet(escaped);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->event, "e\"");
  EXPECT_EQ(back->arguments.args, mixed.args);
}

TEST(Arguments, the_only_object_is_found_when_there_is_exactly_one_argument) {
  const Arguments one = one_object({{"seq", 1}});
  ASSERT_NE(only_object(one), nullptr);
  EXPECT_EQ(only_object(one)->at("seq").as_int64(), 1);
  Arguments other;
  EXPECT_EQ(only_object(other), nullptr);
  other.args = {1};
  EXPECT_EQ(only_object(other), nullptr);
  other.args = {json::object(), json::object()};
  EXPECT_EQ(only_object(other), nullptr);
}

TEST(EncodedEvent, holds_both_forms_and_shares_the_bytes) {
  const SharedBytes picture = bytes({1, 2, 3, 4});
  Arguments arguments;
  arguments.args.push_back(json::object{{"frame", attach(arguments, picture)}});
  const EncodedEventPtr event = encode_event("/stream", "frame", arguments);
  EXPECT_EQ(event->text().text(),
            R"(451-/stream,["frame",{"frame":{"_placeholder":true,"num":0}}])");
  ASSERT_EQ(event->binaries().size(), 1U);
  EXPECT_EQ(event->binaries()[0].data(), picture.data());
  EXPECT_EQ(event->polling(), std::string(event->text().text()) +
                                  "\x1e"
                                  "bAQIDBA==");
  EXPECT_EQ(event->polling().data(), event->polling().data());
  EXPECT_EQ(event->packets(), 2U);
}

}  // namespace
}  // namespace surveillx::socketio
