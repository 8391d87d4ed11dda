#include "surveillx/enrolment/import.hpp"

#include "commands/json_text.hpp"
#include "commands/people.hpp"
#include "commands/photo_reports.hpp"
#include "commands/utf8_text.hpp"

#include <boost/json/object.hpp>

#include <cstdio>
#include <map>
#include <memory>
#include <unistd.h>

namespace surveillx::app {
namespace {

struct ImportCommand {
  std::string source;
  enrolment::ImportOptions list;
  std::string columns;
  enrolment::Insistence insistence;
};

/// What became of one person of an import.
struct PersonReport {
  std::string name;
  std::string id;     ///< Empty when the person is not there afterwards.
  std::string error;  ///< Empty when all is well.
  bool was_there = false;
  std::vector<PhotoReport> photos;
};

class Importer {
 public:
  Importer(const CommonOptions& common, const StoreAccess& access,
           enrolment::Insistence insistence)
      : store_(*access.store), desk_(common, access), insistence_(insistence) {}

  PersonReport import(const enrolment::ImportEntry& entry) {
    PersonReport report{.name = entry.person.name, .id = "", .error = "", .photos = {}};
    const auto known = find_known(entry);
    if (!known) {
      report.error = known.error().message;
      return report;
    }
    report.was_there = known->has_value();
    std::vector<enrolment::Candidate> candidates;
    std::vector<std::size_t> places;
    for (const auto& file : entry.photos) {
      report.photos.push_back(
          {file.string(), {.accepted = true, .reason = "", .message = "", .like = std::nullopt}});
      auto bytes = read_photo(file);
      // A repeated import adds what is new and leaves the rest alone, at little cost.
      if (*known && bytes && has(**known, *bytes)) continue;
      candidates.push_back(desk_.examine(file, std::move(bytes)));
      places.push_back(report.photos.size() - 1);
    }
    std::vector<enrolment::Verdict> verdicts;
    if (*known) {
      report.id = (*known)->id.str();
      if (!candidates.empty()) add((*known)->id, std::move(candidates), verdicts, report);
    } else {
      create(entry, std::move(candidates), verdicts, report);
    }
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
      report.photos[places[i]].verdict = std::move(verdicts[i]);
    }
    return report;
  }

 private:
  bool has(const domain::Person& person, const Bytes& bytes) {
    const auto same = must(store_.photos.find_same(person.id, bytes));
    return same && same->status == domain::PhotoStatus::accepted;
  }

  void add(const PersonId& person, std::vector<enrolment::Candidate> photos,
           std::vector<enrolment::Verdict>& verdicts, PersonReport& report) {
    auto added = desk_.enroller().add(person, std::move(photos), insistence_);
    if (added) {
      verdicts = *std::move(added);
    } else {
      keep(added.error(), report);
    }
  }

  void create(const enrolment::ImportEntry& entry, std::vector<enrolment::Candidate> photos,
              std::vector<enrolment::Verdict>& verdicts, PersonReport& report) {
    auto enrolled = desk_.enroller().create(entry.person, std::move(photos), insistence_);
    if (!enrolled) {
      keep(enrolled.error(), report);
      return;
    }
    verdicts = std::move(enrolled->photos);
    if (enrolled->person) {
      report.id = enrolled->person->id.str();
    } else {
      report.error = "no photo can be used; not added";
    }
  }

  /// An error of this person's; one of the database ends the import.
  static void keep(const Error& error, PersonReport& report) {
    if (error.is(store::kDatabaseUnavailable)) throw Failure(error);
    report.error = error.message;
    // Photos without a verdict are not stored.
    for (auto& photo : report.photos) {
      photo.verdict = {.accepted = false,
                       .reason = std::string(error.name.text()),
                       .message = error.message,
                       .like = std::nullopt};
    }
  }

  /// The person of an earlier import: by external id, else by name.
  Result<std::optional<domain::Person>> find_known(const enrolment::ImportEntry& entry) {
    using Known = std::optional<domain::Person>;
    const store::NewPerson& wanted = entry.person;
    const bool by_id = !wanted.external_id.empty();
    auto found = store_.people.find_by(by_id ? wanted.external_id : wanted.name);
    if (!found) return found.error();
    if (found->empty() && !entry.folder_name.empty()) {
      // From when the folder's underscores were part of the name.
      found = store_.people.find_by(entry.folder_name);
      if (!found) return Known();
    }
    Known known;
    for (const auto& person : *found) {
      const bool same = by_id ? person.external_id == wanted.external_id
                              : person.name == wanted.name || person.name == entry.folder_name;
      if (!same) continue;
      if (known) {
        return Error{kAlreadyExists,
                     "several people have this name; give each an external id in a CSV file"};
      }
      known = person;
    }
    // Else the photos of one person would be recognised as another.
    if (known && by_id && known->name != wanted.name) {
      return Error{kAlreadyExists, "the external id " + wanted.external_id + " is " + known->name +
                                       "'s already; remove that person first, or correct the id"};
    }
    return known;
  }

  store::Store& store_;
  PhotoDesk desk_;
  enrolment::Insistence insistence_;
};

/// The import in numbers.
struct Summary {
  std::size_t added = 0;
  std::size_t known = 0;
  std::size_t failed = 0;
  std::size_t accepted = 0;
  std::map<std::string, std::size_t> refused;  ///< By reason.
  std::size_t blank_rows = 0;
  std::vector<std::string> unused_columns;

  void count(const PersonReport& report) {
    ++(!report.error.empty() ? failed : report.was_there ? known : added);
    for (const auto& photo : report.photos) {
      if (photo.verdict.accepted) {
        ++accepted;
      } else {
        ++refused[photo.verdict.reason];
      }
    }
  }

  [[nodiscard]] boost::json::object to_json() const {
    boost::json::object reasons;
    for (const auto& [reason, count] : refused) reasons[reason] = count;
    return {{"people_added", added},      {"people_known", known},
            {"people_failed", failed},    {"photos_accepted", accepted},
            {"photos_refused", reasons},  {"blank_rows", blank_rows},
            {"unused_columns", boost::json::array(unused_columns.begin(), unused_columns.end())}};
  }

  void print() const {
    std::printf("\n%zu added, %zu were there already, %zu failed; %zu photos accepted", added, known,
                failed, accepted);
    const char* before = ", refused: ";
    for (const auto& [reason, count] : refused) {
      std::printf("%s%zu %s", before, count, reason.c_str());
      before = ", ";
    }
    if (blank_rows > 0) std::printf("; %zu blank rows skipped", blank_rows);
    if (!unused_columns.empty()) {
      std::printf("; columns not used:");
      for (const auto& column : unused_columns) std::printf(" %s", column.c_str());
    }
    std::puts("");
  }
};

/// A line that is written over, on a terminal only, so that logs stay readable.
void show_progress(std::size_t done, std::size_t all, const std::string& name) {
  if (::isatty(STDERR_FILENO) == 0) return;
  std::fprintf(stderr, "\r\033[K%zu of %zu: %s", done, all, name.c_str());
  if (done == all) std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
}

boost::json::object to_json(const PersonReport& report) {
  return {{"id", report.id.empty() ? boost::json::value(nullptr) : boost::json::value(report.id)},
          {"name", utf8_text(report.name)},
          {"photos", to_json(report.photos)},
          {"error", report.error.empty() ? boost::json::value(nullptr)
                                         : boost::json::value(utf8_text(report.error))}};
}

int import(const CommonOptions& common, const ImportCommand& command) {
  enrolment::ImportOptions options = command.list;
  if (!command.columns.empty()) options.columns = must(enrolment::parse_columns(command.columns));
  const auto list = must(enrolment::read_import(command.source, options));
  const auto& entries = list.entries;
  const auto access = open_store(common);
  Importer importer(common, access, command.insistence);
  Summary summary;
  summary.blank_rows = list.blank_rows;
  summary.unused_columns = list.unused_columns;
  boost::json::array all;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    show_progress(i, entries.size(), entries[i].person.name);
    const PersonReport report = importer.import(entries[i]);
    summary.count(report);
    if (common.json) {
      all.push_back(to_json(report));
      continue;
    }
    if (::isatty(STDERR_FILENO) != 0) std::fputs("\r\033[K", stderr);
    std::printf("%s: %s\n", report.name.c_str(),
                report.error.empty() ? "done" : report.error.c_str());
    print(report.photos);
    std::fflush(stdout);
  }
  show_progress(entries.size(), entries.size(), "");
  if (common.json) {
    const boost::json::object answer{{"people", std::move(all)}, {"summary", summary.to_json()}};
    std::puts(json_text(answer).c_str());
  } else {
    summary.print();
  }
  if (summary.failed > 0) {
    return fail({kInvalidArgument, std::to_string(summary.failed) + " of " +
                                       std::to_string(entries.size()) +
                                       " people could not be imported; see above"});
  }
  return kDone;
}

}  // namespace

void add_people_import(Registrar& r, CLI::App* people) {
  CLI::App* command =
      r.subcommand("import", "Import a folder with a folder per person, or a CSV file", people);
  const auto options = std::make_shared<ImportCommand>();
  command
      ->add_option("SOURCE", options->source,
                   "The folder, or a CSV file with name,external_id,group,photo")
      ->required();
  command->add_option("--encoding", options->list.encoding,
                      "How a CSV file is written, if not in UTF-8: windows-1252, ...");
  command->add_option("--columns", options->columns,
                      "Which column is which: name=Name,external_id=Number,group=Class,photo=Photo");
  add_insistence(*command, options->insistence);
  r.models_option(command);
  r.run(command, [options](const CommonOptions& common) { return import(common, *options); });
}

}  // namespace surveillx::app
