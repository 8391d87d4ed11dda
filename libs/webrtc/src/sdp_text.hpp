#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// SDP (RFC 8866) as lines, and how single lines are read. No GStreamer, no meaning.
namespace surveillx::webrtc {

using Lines = std::vector<std::string>;

/// An SDP as its session lines and its media sections, each starting with the `m=` line.
struct SdpText {
  Lines session;
  std::vector<Lines> media;

  /// Takes CRLF, LF and CR; blanks at the end of a line and empty lines go.
  [[nodiscard]] static SdpText split(std::string_view text);
  [[nodiscard]] std::string join() const;
};

[[nodiscard]] std::vector<std::string_view> words(std::string_view text);
/// The whole text as a number that is not negative; nothing when it is not one.
[[nodiscard]] std::optional<int> number(std::string_view text);
[[nodiscard]] bool same_ignoring_case(std::string_view a, std::string_view b);
[[nodiscard]] std::string lower(std::string_view text);
/// Not empty, at most 256 characters, and only those of a token: no blank, no control character.
[[nodiscard]] bool is_word(std::string_view text);

/// The value of `a=NAME:VALUE`, empty for `a=NAME`; nothing when the line is another attribute.
/// Names compare without case, since some devices write `a=Setup:actpass`.
[[nodiscard]] std::optional<std::string_view> attribute(std::string_view line,
                                                        std::string_view name);
/// The first such attribute among the lines.
[[nodiscard]] std::optional<std::string_view> find_attribute(const Lines& lines,
                                                             std::string_view name);

/// `m=video 9 UDP/TLS/RTP/SAVPF 96 97`
struct MediaLine {
  std::string kind;
  int port = 0;
  std::string protocol;
  std::vector<std::string> formats;
};
[[nodiscard]] std::optional<MediaLine> media_line(std::string_view line);

/// A line about one payload type: `a=rtpmap:96 VP8/90000`.
struct PayloadLine {
  std::string_view name;  ///< rtpmap, fmtp or rtcp-fb.
  int payload_type = -1;
  std::string_view value;
};
[[nodiscard]] std::optional<PayloadLine> payload_line(std::string_view line);

}  // namespace surveillx::webrtc
