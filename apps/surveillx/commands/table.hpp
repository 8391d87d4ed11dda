#pragma once

#include <string>
#include <vector>

namespace surveillx::app {

/// Columns a person sees, not bytes: continuation bytes of UTF-8 take no room.
[[nodiscard]] std::size_t width_of(const std::string& text);
/// `text` with blanks up to `width` columns.
[[nodiscard]] std::string padded(const std::string& text, std::size_t width);

/// A table for people: each column as wide as its widest cell, the last as it comes.
class Table {
 public:
  explicit Table(std::vector<std::string> head) : rows_{std::move(head)} {}
  /// `cells` are as many as the head's.
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  void print() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace surveillx::app
