#include "surveillx/vision/weights.hpp"

#include "commands/command.hpp"
#include "commands/load_config.hpp"
#include "commands/model_download.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <cstdio>
#include <memory>

namespace surveillx::app {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

std::vector<fs::path> folders_of(const config::Config& config) {
  return vision::model_folders(config.vision.models, config.data_dir);
}

const char* kind_of(const vision::ModelManifest& model) {
  return model.kind == vision::ModelKind::detector ? "detector" : "embedder";
}

/// A model's file as it is on this machine.
struct State {
  std::string status;  ///< built_in, ok, unverified, damaged, missing
  std::string path;
};

State state_of(const vision::ModelManifest& model, const std::vector<fs::path>& folders) {
  if (model.file.empty()) return {"built_in", ""};
  const auto file = vision::find_weights(model, folders);
  if (!file) return {"missing", ""};
  if (!vision::verify_weights(model, *file)) return {"damaged", file->string()};
  return {model.sha256.empty() ? "unverified" : "ok", file->string()};
}

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

int list(const CommonOptions& common) {
  const auto folders = folders_of(load_config(common));
  json::array all;
  for (const vision::ModelManifest& model : vision::known_models()) {
    const State state = state_of(model, folders);
    if (common.json) {
      all.push_back({{"id", model.id},
                     {"kind", kind_of(model)},
                     {"title", model.title},
                     {"licence", model.licence},
                     {"source", model.source},
                     {"file", text_or_null(model.file)},
                     {"url", text_or_null(model.url)},
                     {"sha256", text_or_null(model.sha256)},
                     {"status", state.status},
                     {"path", text_or_null(state.path)}});
      continue;
    }
    std::printf("%s  (%s, %s)\n  %s\n  licence: %s\n", model.id.c_str(), kind_of(model),
                state.status.c_str(), model.title.c_str(), model.licence.c_str());
    if (!model.file.empty()) {
      std::printf("  url:     %s\n  sha256:  %s\n", model.url.c_str(),
                  model.sha256.empty() ? "not known" : model.sha256.c_str());
    }
    if (!state.path.empty()) std::printf("  found:   %s\n", state.path.c_str());
  }
  if (common.json) std::puts(json::serialize(all).c_str());
  return kDone;
}

int verify(const CommonOptions& common) {
  const auto folders = folders_of(load_config(common));
  json::array all;
  bool damaged = false;
  for (const vision::ModelManifest& model : vision::known_models()) {
    if (model.file.empty()) continue;
    const State state = state_of(model, folders);
    damaged = damaged || state.status == "damaged";
    if (common.json) {
      all.push_back(
          {{"id", model.id}, {"status", state.status}, {"path", text_or_null(state.path)}});
    } else {
      std::printf("%-10s  %s  %s\n", state.status.c_str(), model.file.c_str(), state.path.c_str());
    }
  }
  if (common.json) std::puts(json::serialize(all).c_str());
  if (damaged) {
    return fail({vision::kModelDamaged,
                 "a file is not the known one; remove it and run `surveillx models fetch`"});
  }
  return kDone;
}

struct FetchOptions {
  std::vector<std::string> ids;
  std::string mirror;
};

int fetch(const CommonOptions& common, const FetchOptions& options) {
  const auto config = load_config(common);
  const fs::path folder =
      common.models_dir ? fs::path(*common.models_dir) : fs::path(config.models_dir());
  // The smallest set that recognises real people, each with a checksum we know.
  const std::vector<std::string> ids =
      options.ids.empty() ? std::vector<std::string>{"yunet-s", "dlib-densenet-v1"} : options.ids;
  for (const std::string& id : ids) {
    const vision::ModelManifest* model = vision::find_model(id);
    if (model == nullptr || model->file.empty()) {
      return fail({kNotFound, "there is no model `" + id +
                                  "` to fetch; `surveillx models list` names those there are"});
    }
    if (state_of(*model, {folder}).status == "ok") {
      std::printf("%s is there already\n", model->file.c_str());
      continue;
    }
    const auto file = download_model(*model, folder, options.mirror);
    if (!file) return fail(file.error());
    std::printf("%s fetched%s\n", file->string().c_str(),
                model->sha256.empty() ? " (its SHA-256 is not known, so it was not checked)"
                                      : " and checked");
  }
  return kDone;
}

}  // namespace

void add_models(Registrar& r) {
  CLI::App* models = r.subcommand("models", "The weights that recognition works with");
  models->require_subcommand(1);
  CLI::App* list_command =
      r.subcommand("list", "Known weights with licence, address and SHA-256", models);
  r.models_option(list_command);
  r.run(list_command, list);
  CLI::App* verify_command = r.subcommand("verify", "Check the weights that are there", models);
  r.models_option(verify_command);
  r.run(verify_command, verify);

  CLI::App* fetch_command = r.subcommand(
      "fetch", "Download weights into --models or the data folder; resumes and checks", models);
  const auto options = std::make_shared<FetchOptions>();
  fetch_command->add_option("ID", options->ids, "Which; by default what yunet+dlib needs");
  fetch_command->add_option("--mirror", options->mirror,
                            "Address of a folder with the same files, instead of their source");
  r.models_option(fetch_command);
  r.run(fetch_command, [options](const CommonOptions& common) { return fetch(common, *options); });
}

}  // namespace surveillx::app
