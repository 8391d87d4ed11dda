#include "commands/people.hpp"

#include "surveillx/base/unicode.hpp"
#include "surveillx/config/keys.hpp"
#include "surveillx/store/resource_json.hpp"

#include "commands/command.hpp"
#include "commands/json_text.hpp"
#include "commands/photo_reports.hpp"
#include "commands/store_access.hpp"
#include "commands/utf8_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>

namespace surveillx::app {
namespace {

struct PeopleOptions {
  store::NewPerson person;
  std::vector<std::string> photos;
  std::string search;
  enrolment::Insistence insistence;
};

int add(const CommonOptions& common, const PeopleOptions& options) {
  const auto access = open_store(common);
  std::vector<PhotoReport> reports;
  std::optional<domain::Person> added;
  if (options.photos.empty()) {
    added = must(access.store->people.create(options.person));
  } else {
    PhotoDesk desk(common, access);
    std::vector<enrolment::Candidate> candidates;
    for (const auto& file : options.photos) candidates.push_back(desk.examine(file));
    auto enrolled =
        must(desk.enroller().create(options.person, std::move(candidates), options.insistence));
    added = std::move(enrolled.person);
    for (std::size_t i = 0; i < options.photos.size(); ++i) {
      reports.push_back({options.photos[i], std::move(enrolled.photos[i])});
    }
  }
  const std::string& name = added ? added->name : options.person.name;
  if (common.json) {
    const boost::json::object answer{{"id", added ? boost::json::value(added->id.str())
                                                  : boost::json::value(nullptr)},
                                     {"name", utf8_text(name)},
                                     {"photos", to_json(reports)}};
    std::puts(json_text(answer).c_str());
  } else {
    if (added) std::printf("Added %s, %s\n", name.c_str(), added->id.str().c_str());
    print(reports);
  }
  if (added) return kDone;
  for (const auto& [file, verdict] : reports) {
    if (!verdict.like) continue;
    return fail({kAlreadyExists, "nobody was added: " + name + " looks like " +
                                     verdict.like->person + " (" + verdict.like->person_id.str() +
                                     "); if they are two people, say --allow-look-alike"});
  }
  return fail({kInvalidArgument, "no photo of " + name +
                                     " can be used, so nobody was added; give a clear photo "
                                     "with one face"});
}

/// Throws a Failure that names the groups there are when `group` is none of them.
void require_group(store::Store& store, const std::string& group) {
  const auto groups = must(store.people.groups());
  if (std::find(groups.begin(), groups.end(), unicode::composed(group)) != groups.end()) return;
  std::string message = "no group '" + group + "'";
  const std::string near = config::nearest(group, {groups.begin(), groups.end()});
  if (!near.empty()) message += "; did you mean '" + near + "'?";
  if (groups.empty()) {
    message += "; nobody is in a group (`people add --group` puts somebody in one)";
  } else {
    message += "; there are: ";
    constexpr std::size_t kShown = 20;
    for (std::size_t i = 0; i < std::min(groups.size(), kShown); ++i) {
      message += (i == 0 ? "" : ", ") + groups[i];
    }
    if (groups.size() > kShown) message += ", and " + std::to_string(groups.size() - kShown) + " more";
  }
  throw Failure(Error{kNotFound, message});
}

int list(const CommonOptions& common, const PeopleOptions& options) {
  const auto access = open_store(common);
  if (!options.person.group.empty()) require_group(*access.store, options.person.group);
  boost::json::array all;
  bool any = false;
  store::PeopleQuery query{
      .search = options.search, .group = options.person.group, .limit = 500, .cursor = ""};
  do {
    const auto page = must(access.store->people.list(query));
    for (const auto& summary : page.people) {
      any = true;
      if (common.json) {
        all.emplace_back(store::to_json(summary));
        continue;
      }
      const auto& [person, photos] = summary;
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
  } else if (!any && !options.search.empty()) {
    std::printf("Nobody's name or external id has '%s' in it.\n", options.search.c_str());
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
  add_insistence(*add_command, options->insistence);
  r.models_option(add_command);
  runs(add_command, add);

  add_people_import(r, people);

  CLI::App* remove_command =
      r.subcommand("remove", "Remove a person with photos, embeddings and snapshots", people);
  remove_command->add_option("PERSON", options->person.name, "Name, external id or id")->required();
  runs(remove_command, remove);
}

}  // namespace surveillx::app
