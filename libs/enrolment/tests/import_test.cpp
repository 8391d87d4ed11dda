#include "surveillx/enrolment/import.hpp"

#include "surveillx/test_support/support.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace surveillx::enrolment {
namespace {

namespace fs = std::filesystem;

ImportList list_of(std::string_view text, const ImportOptions& options = {}) {
  auto list = read_table(text, "/photos", options);
  if (!list) throw Failure(list.error());
  return *list;
}

std::string error_of(std::string_view text, const ImportOptions& options = {}) {
  const auto list = read_table(text, "/photos", options);
  return list ? std::string("none") : list.error().message;
}

TEST(ImportTable, a_name_is_one_line_and_composed) {
  const auto list = list_of("name,group\n\"Anna\r\nMaria\",5b\nZoe\u0308,\u00a05b \n");
  ASSERT_EQ(list.entries.size(), 2u);
  EXPECT_EQ(list.entries[0].person.name, "Anna Maria");
  EXPECT_EQ(list.entries[1].person.name, "Zo\u00eb");
  EXPECT_EQ(list.entries[1].person.group, "5b");
}

TEST(ImportTable, both_spellings_of_a_name_are_one_person) {
  const auto list = list_of("name,photo\nZo\u00eb,a.jpg\nZoe\u0308,b.jpg;c.jpg\n");
  ASSERT_EQ(list.entries.size(), 1u);
  EXPECT_EQ(list.entries[0].photos.size(), 3u);
}

TEST(ImportTable, headers_are_known_in_any_case_and_spelling) {
  const auto list = list_of("Photos;External ID;NAME\na.jpg;7;Ada\n");
  EXPECT_EQ(list.entries[0].person.external_id, "7");
  EXPECT_EQ(list.entries[0].photos, std::vector<fs::path>{"/photos/a.jpg"});
}

TEST(ImportTable, unknown_headers_are_refused_with_those_known_and_those_found) {
  const std::string error = error_of("Name;Nummer;Klasse;Foto\nAda;1;5b;a.jpg\n");
  for (const char* word : {"Nummer", "Klasse", "Foto", "external_id", "--columns", "line 1"}) {
    EXPECT_NE(error.find(word), std::string::npos) << word << " in " << error;
  }
  EXPECT_NE(error_of("Vorname\nAda\n").find("no column `name`"), std::string::npos);
}

TEST(ImportTable, headers_can_be_mapped_and_the_rest_is_named) {
  ImportOptions options;
  options.columns = parse_columns("name=Name,external_id=nummer,photo=Foto").value();
  const auto list = list_of("Name;Nummer;Klasse;Foto\nAda;1;5b;a.jpg\n", options);
  EXPECT_EQ(list.entries[0].person.external_id, "1");
  EXPECT_EQ(list.entries[0].person.group, "");
  EXPECT_EQ(list.entries[0].photos.size(), 1u);
  EXPECT_EQ(list.unused_columns, std::vector<std::string>{"Klasse"});
  options.columns["group"] = "Abteilung";
  EXPECT_NE(error_of("Name;Nummer;Foto\n", options).find("no column 'Abteilung'"),
            std::string::npos);
}

TEST(ImportTable, wrong_mappings_are_refused) {
  for (const char* text : {"", "name", "nome=Name", "name=A,name=B", "group=B"}) {
    EXPECT_FALSE(parse_columns(text)) << text;
  }
}

TEST(ImportTable, columns_of_one_name_are_refused) {
  EXPECT_NE(error_of("name,group,Group\nA,1,2\n").find("two columns"), std::string::npos);
}

TEST(ImportTable, a_value_in_no_column_is_refused_with_its_line) {
  // An unquoted comma would move everything behind it by a column.
  const std::string error = error_of("name,group\nAda,5b\nM\u00fcller, J\u00f6rg,5b\n");
  EXPECT_NE(error.find("line 3"), std::string::npos) << error;
  EXPECT_NE(error_of("name,\nAda,x\n").find("line 2"), std::string::npos);
  EXPECT_EQ(error_of("name,group\nAda,5b,,\nBob\n"), "none");
}

TEST(ImportTable, ids_that_a_spreadsheet_has_shortened_are_refused) {
  EXPECT_NE(error_of("name,external_id\nAda,1.23457E+12\n").find("line 2"), std::string::npos);
  EXPECT_NE(error_of("name;external_id\nAda;1,23457E+12\n").find("line 2"), std::string::npos);
  const auto list = list_of("name,external_id\nAda,\"=\"\"0017\"\"\"\nBob,'0018\nCy,E+1\n");
  EXPECT_EQ(list.entries[0].person.external_id, "0017");
  EXPECT_EQ(list.entries[1].person.external_id, "0018");
  EXPECT_EQ(list.entries[2].person.external_id, "E+1");
}

TEST(ImportTable, contradictions_are_refused_with_their_line) {
  EXPECT_NE(error_of("name,external_id\nAda,1\nBob,1\n").find("line 3"), std::string::npos);
  EXPECT_NE(error_of("name,group\nAda,5b\nAda,5c\n").find("line 3"), std::string::npos);
  EXPECT_NE(error_of("name,group\n,5b\n").find("line 2: no name"), std::string::npos);
}

TEST(ImportFile, a_table_of_headers_only_and_an_empty_one_are_refused) {
  const test_support::TempDir dir;
  for (const char* text : {"", "name,group\n", "\n\n"}) {
    std::ofstream(dir.path() / "people.csv") << text;
    EXPECT_FALSE(read_import(dir.path() / "people.csv")) << text;
  }
  EXPECT_TRUE(read_import(dir.path() / "nothing.csv").error().is(kNotFound));
}

TEST(ImportFile, photos_are_beside_the_table_whatever_slash_and_spelling) {
  const test_support::TempDir dir;
  fs::create_directories(dir.path() / "fotos");
  std::ofstream(dir.path() / "fotos" / "Zoe\u0308.jpg") << "x";
  std::ofstream(dir.path() / "people.csv") << "name,photo\nZo\u00eb,fotos\\Zo\u00eb.jpg\n";
  const auto list = read_import(dir.path() / "people.csv").value();
  ASSERT_EQ(list.entries[0].photos.size(), 1u);
  EXPECT_TRUE(fs::exists(list.entries[0].photos[0])) << list.entries[0].photos[0];
}

TEST(ImportFolder, a_folder_s_underscores_are_spaces_and_spellings_one_person) {
  const test_support::TempDir dir;
  for (const char* folder : {"Ada_Example", "Zo\u00eb", "Zoe\u0308"}) {
    fs::create_directories(dir.path() / folder);
    std::ofstream(dir.path() / folder / "a.jpg") << "x";
  }
  const auto list = read_import(dir.path()).value();
  ASSERT_EQ(list.entries.size(), 2u);
  EXPECT_EQ(list.entries[0].person.name, "Ada Example");
  EXPECT_EQ(list.entries[0].folder_name, "Ada_Example");
  EXPECT_EQ(list.entries[1].person.name, "Zo\u00eb");
  EXPECT_EQ(list.entries[1].photos.size(), 2u);
}

}  // namespace
}  // namespace surveillx::enrolment
