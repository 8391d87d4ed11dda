#include "surveillx/vision/enrolment.hpp"

#include "commands/command.hpp"
#include "commands/engine_options.hpp"
#include "commands/people_import.hpp"
#include "commands/store_access.hpp"
#include "commands/utf8_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <unistd.h>

namespace surveillx::app {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMaxPhotoBytes = 32 * 1024 * 1024;

struct PeopleOptions {
  store::NewPerson person;
  std::vector<std::string> photos;
  std::string source;
  std::string search;
};

/// What became of one photo.
struct PhotoReport {
  std::string file;
  bool ok = false;
  std::string reason;   ///< The error's name; empty when ok.
  std::string message;  ///< The same for people.
};

boost::json::array to_json(const std::vector<PhotoReport>& photos) {
  boost::json::array all;
  for (const auto& photo : photos) {
    all.push_back({{"file", utf8_text(photo.file)},
                   {"ok", photo.ok},
                   {"reason", photo.reason.empty() ? boost::json::value(nullptr)
                                                   : boost::json::value(photo.reason)}});
  }
  return all;
}

void print(const std::vector<PhotoReport>& photos) {
  for (const auto& photo : photos) {
    if (photo.ok) {
      std::printf("  ok       %s\n", photo.file.c_str());
    } else {
      std::printf("  refused  %s: %s (%s)\n", photo.file.c_str(), photo.message.c_str(),
                  photo.reason.c_str());
    }
  }
}

Result<Bytes> read_photo(const fs::path& file) {
  std::error_code code;
  if (!fs::is_regular_file(file, code)) return Error{kNotFound, "there is no such file"};
  if (fs::file_size(file, code) > kMaxPhotoBytes) {
    return Error{kInvalidArgument, "the file is larger than 32 MB"};
  }
  std::ifstream in(file, std::ios::binary);
  Bytes bytes{std::istreambuf_iterator<char>(in), {}};
  if (!in) return Error{kIo, "the file cannot be read"};
  return bytes;
}

/// Examines photos in this process, with the engine that media uses.
class Examiner {
 public:
  explicit Examiner(const config::Config& config) {
    auto options = engine_options(config);
    options.threads = 1;
    engine_ = must(vision::Engine::open(options));
    if (engine_->info().trial) {
      std::fprintf(stderr, "surveillx: %s\n", engine_->info().notice.c_str());
    }
  }

  /// The photo ready to be stored; `report` says what became of it either way.
  std::optional<store::AcceptedPhoto> examine(const fs::path& file, PhotoReport& report) {
    report.file = file.string();
    auto bytes = read_photo(file);
    auto enrolment = bytes ? vision::examine_photo(*engine_, ByteView(*bytes))
                           : Result<vision::Enrolment>(bytes.error());
    if (!enrolment) {
      report.reason = enrolment.error().name.text();
      report.message = enrolment.error().message;
      return std::nullopt;
    }
    report.ok = true;
    return store::AcceptedPhoto{.file_name = file.filename().string(),
                                .bytes = std::move(*bytes),
                                .model = enrolment->embedding.model_id,
                                .embedding = std::move(enrolment->embedding.values)};
  }

 private:
  std::shared_ptr<vision::Engine> engine_;
};

int add(const CommonOptions& common, const PeopleOptions& options) {
  const auto access = open_store(common);
  std::vector<PhotoReport> reports;
  std::vector<store::AcceptedPhoto> accepted;
  if (!options.photos.empty()) {
    Examiner examiner(access.config);
    for (const auto& file : options.photos) {
      auto photo = examiner.examine(file, reports.emplace_back());
      if (photo) accepted.push_back(std::move(*photo));
    }
  }
  // Somebody who was to be recognised, and cannot be, is better not there than there in name only.
  const bool usable = options.photos.empty() || !accepted.empty();
  domain::Person person{.id = {}, .name = options.person.name, .external_id = "", .group = ""};
  if (usable) person = must(access.store->people.create(options.person, accepted));
  if (common.json) {
    std::puts(boost::json::serialize(
                  boost::json::object{{"id", usable ? boost::json::value(person.id.str())
                                                    : boost::json::value(nullptr)},
                                      {"name", utf8_text(person.name)},
                                      {"photos", to_json(reports)}})
                  .c_str());
  } else {
    if (usable) std::printf("Added %s, %s\n", person.name.c_str(), person.id.str().c_str());
    print(reports);
  }
  if (!usable) {
    return fail({kInvalidArgument, "no photo of " + person.name +
                                       " can be used, so nobody was added; give a clear photo "
                                       "with one face"});
  }
  return kDone;
}

/// What became of one person of an import.
struct ImportReport {
  std::string name;
  std::string id;     ///< Empty when the person is not there afterwards.
  std::string error;  ///< Empty when all is well.
  std::vector<PhotoReport> photos;
};

class Importer {
 public:
  explicit Importer(const StoreAccess& access) : store_(*access.store), examiner_(access.config) {}

  ImportReport import(const ImportEntry& entry) {
    ImportReport report{.name = entry.person.name, .id = "", .error = "", .photos = {}};
    auto known = find_known(entry.person);
    if (!known) {
      report.error = known.error().message;
      return report;
    }
    std::vector<std::string> present;
    if (*known) {
      report.id = (*known)->id.str();
      for (const auto& photo : must(store_.photos.list((*known)->id))) {
        if (photo.status == domain::PhotoStatus::accepted) present.push_back(photo.file_name);
      }
    }
    std::vector<store::AcceptedPhoto> accepted;
    for (const auto& file : entry.photos) {
      // A repeated import adds what is new and leaves the rest alone.
      const auto name = store::stored_file_name(file.filename().string());
      if (std::find(present.begin(), present.end(), name) != present.end()) {
        report.photos.push_back({file.string(), true, "", ""});
        continue;
      }
      auto photo = examiner_.examine(file, report.photos.emplace_back());
      if (photo) accepted.push_back(std::move(*photo));
    }
    store_person(entry, *known, accepted, report);
    return report;
  }

 private:
  void store_person(const ImportEntry& entry, const std::optional<domain::Person>& known,
                    const std::vector<store::AcceptedPhoto>& accepted, ImportReport& report) {
    if (known) {
      for (const auto& photo : accepted) {
        const auto added = store_.photos.add_accepted(known->id, photo);
        if (!added) report.error = added.error().message;
      }
      return;
    }
    if (!entry.photos.empty() && accepted.empty()) {
      report.error = "no photo can be used; not added";
      return;
    }
    const auto created = store_.people.create(entry.person, accepted);
    if (created) {
      report.id = created->id.str();
    } else if (created.error().is(store::kDatabaseUnavailable)) {
      throw Failure(created.error());
    } else {
      report.error = created.error().message;
    }
  }

  /// The person of an earlier import: by external id, else by name.
  Result<std::optional<domain::Person>> find_known(const store::NewPerson& wanted) {
    using Known = std::optional<domain::Person>;
    const bool by_id = !wanted.external_id.empty();
    const auto found = store_.people.find_by(by_id ? wanted.external_id : wanted.name);
    if (!found) return found.error();
    Known known;
    for (const auto& person : *found) {
      const bool same =
          by_id ? person.external_id == wanted.external_id : person.name == wanted.name;
      if (!same) continue;
      if (known) {
        return Error{kAlreadyExists,
                     "several people have this name; give each an external id in a CSV file"};
      }
      known = person;
    }
    // Else the photos of one person would be recognised as another.
    if (known && known->name != wanted.name) {
      return Error{kAlreadyExists, "the external id " + wanted.external_id + " is " + known->name +
                                       "'s already; remove that person first, or correct the id"};
    }
    return known;
  }

  store::Store& store_;
  Examiner examiner_;
};

/// A line that is written over, on a terminal only, so that logs stay readable.
void show_progress(std::size_t done, std::size_t all, const std::string& name) {
  if (::isatty(STDERR_FILENO) == 0) return;
  std::fprintf(stderr, "\r\033[K%zu of %zu: %s", done, all, name.c_str());
  if (done == all) std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
}

int import(const CommonOptions& common, const PeopleOptions& options) {
  const auto entries = must(read_import(options.source));
  const auto access = open_store(common);
  Importer importer(access);
  boost::json::array all;
  std::size_t failed = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    show_progress(i, entries.size(), entries[i].person.name);
    const ImportReport report = importer.import(entries[i]);
    failed += report.error.empty() ? 0 : 1;
    if (common.json) {
      all.push_back(
          {{"id", report.id.empty() ? boost::json::value(nullptr) : boost::json::value(report.id)},
           {"name", utf8_text(report.name)},
           {"photos", to_json(report.photos)},
           {"error", report.error.empty() ? boost::json::value(nullptr)
                                          : boost::json::value(report.error)}});
      continue;
    }
    if (::isatty(STDERR_FILENO) != 0) std::fputs("\r\033[K", stderr);
    std::printf("%s: %s\n", report.name.c_str(),
                report.error.empty() ? "done" : report.error.c_str());
    print(report.photos);
    std::fflush(stdout);
  }
  show_progress(entries.size(), entries.size(), "");
  if (common.json) std::puts(boost::json::serialize(all).c_str());
  if (failed > 0) {
    return fail({kInvalidArgument, std::to_string(failed) + " of " +
                                       std::to_string(entries.size()) +
                                       " people could not be imported; see above"});
  }
  return kDone;
}

int list(const CommonOptions& common, const PeopleOptions& options) {
  const auto access = open_store(common);
  boost::json::array all;
  bool any = false;
  store::PeopleQuery query{
      .search = options.search, .group = options.person.group, .limit = 500, .cursor = ""};
  do {
    const auto page = must(access.store->people.list(query));
    for (const auto& [person, photos] : page.people) {
      any = true;
      if (common.json) {
        all.push_back({{"id", person.id.str()},
                       {"name", person.name},
                       {"external_id", person.external_id},
                       {"group", person.group},
                       {"photos",
                        {{"accepted", photos.accepted},
                         {"pending", photos.pending},
                         {"refused", photos.refused}}}});
        continue;
      }
      std::printf("%s  %s", person.id.str().c_str(), person.name.c_str());
      if (!person.external_id.empty()) std::printf("  [%s]", person.external_id.c_str());
      if (!person.group.empty()) std::printf("  %s", person.group.c_str());
      std::printf("  photos: %lld", static_cast<long long>(photos.accepted));
      if (photos.pending > 0) {
        std::printf(", %lld pending", static_cast<long long>(photos.pending));
      }
      if (photos.refused > 0) {
        std::printf(", %lld refused", static_cast<long long>(photos.refused));
      }
      std::puts("");
    }
    query.cursor = page.next_cursor;
  } while (!query.cursor.empty());
  if (common.json) {
    std::puts(boost::json::serialize(all).c_str());
  } else if (!any) {
    std::puts("Nobody is enrolled; `surveillx people add NAME PHOTO...` adds somebody.");
  }
  return kDone;
}

/// By id, external id or name; a name that several people share is no answer.
domain::Person find(store::Store& store, const std::string& wanted) {
  if (const auto id = PersonId::parse(wanted)) {
    auto found = store.people.find(*id);
    if (found || !found.error().is(kNotFound)) return must(std::move(found));
  }
  const auto found = must(store.people.find_by(wanted));
  if (found.empty()) {
    throw Failure(Error{kNotFound, "there is no person '" + wanted +
                                       "'; `surveillx people list` names those there are"});
  }
  if (found.size() > 1) {
    std::string ids;
    for (const auto& person : found) ids += " " + person.id.str();
    throw Failure(Error{kInvalidArgument, "'" + wanted + "' may be any of" + ids + "; say which"});
  }
  return found.front();
}

int remove(const CommonOptions& common, const PeopleOptions& options) {
  const auto access = open_store(common);
  const auto person = find(*access.store, options.person.name);
  must(access.store->people.remove(person.id));
  if (!common.json) {
    std::printf(
        "Removed %s with all photos, embeddings and snapshots; past attendance keeps the name.\n",
        person.name.c_str());
  }
  return kDone;
}

}  // namespace

void add_people(Registrar& r) {
  CLI::App* people = r.subcommand("people", "The people who are recognised");
  people->require_subcommand(1);
  const auto options = std::make_shared<PeopleOptions>();
  using Run = int (*)(const CommonOptions&, const PeopleOptions&);
  const auto runs = [&](CLI::App* command, Run action) {
    r.run(command,
          [options, action](const CommonOptions& common) { return action(common, *options); });
  };

  CLI::App* list_command = r.subcommand("list", "List people", people);
  list_command->add_option("--search", options->search, "Part of the name or external id");
  list_command->add_option("--group", options->person.group, "Only this group");
  runs(list_command, list);

  CLI::App* add_command =
      r.subcommand("add", "Add a person; says of each photo why it was refused", people);
  add_command->add_option("NAME", options->person.name, "The person's name")->required();
  add_command->add_option("PHOTO", options->photos, "Clear photos with the one face");
  add_command->add_option("--external-id", options->person.external_id,
                          "The school's or company's own number");
  add_command->add_option("--group", options->person.group, "Class or department");
  r.models_option(add_command);
  runs(add_command, add);

  CLI::App* import_command =
      r.subcommand("import", "Import a folder with a folder per person, or a CSV file", people);
  import_command
      ->add_option("SOURCE", options->source,
                   "The folder, or a CSV file with name,external_id,group,photo")
      ->required();
  r.models_option(import_command);
  runs(import_command, import);

  CLI::App* remove_command =
      r.subcommand("remove", "Remove a person with photos, embeddings and snapshots", people);
  remove_command->add_option("PERSON", options->person.name, "Name, external id or id")->required();
  runs(remove_command, remove);
}

}  // namespace surveillx::app
