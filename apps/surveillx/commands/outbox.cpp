#include "commands/command.hpp"
#include "commands/store_access.hpp"
#include "commands/table.hpp"
#include "surveillx/store/dead_letter_box.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace surveillx::app {
namespace {

struct Chosen {
  std::vector<std::string> sightings;
  bool all = false;
};

/// A person's or a camera's name where the database knows it and answers; this command must also
/// work while it does not.
class Names {
 public:
  explicit Names(const config::Config& config) {
    const auto keys = setup::load_keys(config);
    if (!keys) return;
    auto store =
        store::Store::open(database_options(config, store::SchemaPolicy::require_current), *keys);
    if (!store) return;
    store_ = std::move(*store);
    if (const auto cameras = store_->cameras.list()) {
      for (const auto& camera : *cameras) cameras_[camera.id] = camera.name;
    }
  }
  [[nodiscard]] std::string person(const PersonId& id) {
    const auto known = people_.find(id);
    if (known != people_.end()) return known->second;
    std::string name;
    if (store_) {
      if (const auto found = store_->people.find(id)) name = found->name;
    }
    return people_[id] = name;
  }
  [[nodiscard]] std::string camera(const CameraId& id) const {
    const auto known = cameras_.find(id);
    return known == cameras_.end() ? std::string() : known->second;
  }

 private:
  std::shared_ptr<store::Store> store_;
  std::map<PersonId, std::string> people_;
  std::map<CameraId, std::string> cameras_;
};

std::filesystem::path outbox_file(const config::Config& config) {
  return config.outbox_dir() + "/outbox.db";
}

/// Null where media has never run: then nothing waits and nothing is dead.
std::unique_ptr<store::DeadLetterBox> open_box(const config::Config& config) {
  auto box = store::DeadLetterBox::open(outbox_file(config));
  if (!box && box.error().is(kNotFound)) return nullptr;
  return must(std::move(box));
}

std::string age_text(std::chrono::milliseconds age) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(age).count();
  if (seconds < 120) return std::to_string(std::max<std::int64_t>(0, seconds)) + " s";
  if (seconds < 2 * 3600) return std::to_string(seconds / 60) + " min";
  if (seconds < 2 * 86'400) return std::to_string(seconds / 3600) + " h";
  return std::to_string(seconds / 86'400) + " days";
}

int list(const CommonOptions& common) {
  const auto config = load_config(common);
  const auto box = open_box(config);
  const auto waiting = box ? must(box->waiting()) : 0;
  const auto letters = box ? must(box->letters()) : std::vector<store::DeadLetter>();
  Names names(config);
  const auto now = system_clock().now();
  if (common.json) {
    boost::json::array dead;
    for (const auto& letter : letters) {
      const auto& sighting = letter.entry.sighting;
      const auto age = now - letter.set_aside_at;
      dead.push_back(
          {{"sighting_id", sighting.id.str()},
           {"person_id", sighting.person_id.str()},
           {"person", names.person(sighting.person_id)},
           {"camera_id", sighting.camera_id.str()},
           {"camera", names.camera(sighting.camera_id)},
           {"seen_at", format_rfc3339_utc(sighting.at)},
           {"set_aside_at", format_rfc3339_utc(letter.set_aside_at)},
           {"age_seconds", std::chrono::duration_cast<std::chrono::seconds>(age).count()},
           {"reason", letter.reason},
           {"has_snapshot", !letter.entry.sealed_snapshot.empty()}});
    }
    std::puts(boost::json::serialize(boost::json::object{{"waiting", waiting},
                                                         {"dead_letters", std::move(dead)}})
                  .c_str());
    return kDone;
  }
  std::printf("%zu %s for the database; %zu could not be delivered.\n", waiting,
              waiting == 1 ? "sighting waits" : "sightings wait", letters.size());
  if (letters.empty()) return kDone;
  Table table({"Sighting", "Person", "Camera", "Seen (UTC)", "Age", "Reason"});
  for (const auto& letter : letters) {
    const auto& sighting = letter.entry.sighting;
    const std::string person = names.person(sighting.person_id);
    const std::string camera = names.camera(sighting.camera_id);
    table.add({sighting.id.str(), person.empty() ? sighting.person_id.str() : person,
               camera.empty() ? sighting.camera_id.str() : camera,
               format_rfc3339_utc(sighting.at).substr(0, 19), age_text(now - letter.set_aside_at),
               letter.reason});
  }
  table.print();
  std::puts("\nsurveillx outbox retry SIGHTING|--all   tries again, once the reason is mended\n"
            "surveillx outbox purge SIGHTING|--all   erases them, pictures included");
  return kDone;
}

/// The chosen sightings, each of which is a dead letter, or a Failure.
std::vector<SightingId> chosen_of(const Chosen& chosen,
                                  const std::vector<store::DeadLetter>& letters) {
  std::vector<SightingId> ids;
  if (chosen.all) {
    for (const auto& letter : letters) ids.push_back(letter.entry.sighting.id);
    return ids;
  }
  for (const auto& text : chosen.sightings) {
    const auto found = std::find_if(letters.begin(), letters.end(), [&](const auto& letter) {
      return letter.entry.sighting.id.str() == text;
    });
    if (found == letters.end()) {
      throw Failure(Error{kNotFound, "there is no dead letter " + text +
                                         "; surveillx outbox list shows them"});
    }
    ids.push_back(found->entry.sighting.id);
  }
  return ids;
}

int change(const CommonOptions& common, const Chosen& chosen, bool retry) {
  if (chosen.all == !chosen.sightings.empty()) {
    std::fprintf(stderr, "surveillx: name sightings, or give --all\n");
    return kWrongUse;
  }
  const auto config = load_config(common);
  const auto box = open_box(config);
  const auto letters = box ? must(box->letters()) : std::vector<store::DeadLetter>();
  const auto ids = chosen_of(chosen, letters);
  std::size_t changed = 0;
  if (!ids.empty()) changed = must(retry ? box->retry(ids) : box->purge(ids));
  if (common.json) {
    std::puts(boost::json::serialize(
                  boost::json::object{{retry ? "retried" : "purged", changed}})
                  .c_str());
    return kDone;
  }
  if (!retry) {
    std::printf("Erased %zu.\n", changed);
  } else if (changed == 0) {
    std::puts("Nothing to try again.");
  } else {
    std::printf("%zu to be delivered again: media does so %s.\n", changed,
                box->media_runs() ? "within seconds" : "when it runs");
  }
  return kDone;
}

void add_change(Registrar& r, CLI::App* outbox, const char* name, const char* description,
                bool retry) {
  const auto chosen = std::make_shared<Chosen>();
  CLI::App* command = r.subcommand(name, description, outbox);
  command->add_option("SIGHTING", chosen->sightings, "Ids, as `surveillx outbox list` shows them");
  command->add_flag("--all", chosen->all, "Every one");
  r.run(command, [chosen, retry](const CommonOptions& common) {
    return change(common, *chosen, retry);
  });
}

}  // namespace

void add_outbox(Registrar& r) {
  CLI::App* outbox =
      r.subcommand("outbox", "Sightings that the database refused: list, try again, erase");
  outbox->require_subcommand(1);
  r.run(r.subcommand("list", "What waits, and what was set aside and why", outbox), list);
  add_change(r, outbox, "retry", "Deliver again what was set aside", true);
  add_change(r, outbox, "purge", "Erase what was set aside, pictures included", false);
}

}  // namespace surveillx::app
