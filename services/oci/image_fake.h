// For tests: images as their tools write them, whole or not.
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "oci/digest.h"
#include "oci/json.h"
#include "oci/manifest.h"
#include "oci/tar_fake.h"

namespace gantry {

// A layer: a tar of one file.
inline std::string LayerFake(std::string_view text) {
  return TarWriter().File("etc/motd", text).Finish();
}

inline std::string ConfigFake(const std::vector<std::string>& layers,
                              const std::string& architecture = "amd64") {
  Json diff_ids = Json::array();
  for (const std::string& layer : layers) diff_ids.push_back(Digest::Of(layer).text());
  return Json{{"os", "linux"},
              {"architecture", architecture},
              {"rootfs", {{"type", "layers"}, {"diff_ids", diff_ids}}}}
      .dump();
}

// An OCI image layout.
class LayoutFake {
 public:
  LayoutFake() { Put("oci-layout", R"({"imageLayoutVersion":"1.0.0"})"); }

  static std::string BlobName(const Digest& digest) {
    return "blobs/sha256/" + std::string(digest.hex());
  }
  // In place of what had that name.
  void Put(const std::string& name, std::string bytes) {
    Remove(name);
    files_.emplace_back(name, std::move(bytes));
  }
  void Remove(const std::string& name) {
    std::erase_if(files_, [&](const auto& file) { return file.first == name; });
  }
  Descriptor AddBlob(std::string_view media_type, const std::string& bytes) {
    const Digest digest = Digest::Of(bytes);
    Put(BlobName(digest), bytes);
    return Descriptor{std::string(media_type), digest, static_cast<int64_t>(bytes.size()),
                      {},                      {},     {}};
  }
  // Gzip layers of one file each, their config, their manifest.
  Descriptor AddImage(const std::vector<std::string>& texts,
                      const std::string& architecture = "amd64") {
    std::vector<std::string> tars;
    std::vector<Descriptor> layers;
    for (const std::string& text : texts) {
      tars.push_back(LayerFake(text));
      layers.push_back(AddBlob(media_type::kOciLayerGzip, Gzip(tars.back())));
    }
    const Descriptor config = AddBlob(media_type::kOciConfig, ConfigFake(tars, architecture));
    Descriptor manifest = AddBlob(media_type::kOciManifest, WriteManifest(config, layers));
    manifest.platform = Platform{"linux", architecture, ""};
    return manifest;
  }
  Descriptor AddIndex(const std::vector<Descriptor>& children) {
    return AddBlob(media_type::kOciIndex, IndexOf(children));
  }
  // Writes index.json.
  LayoutFake& Root(const std::vector<Descriptor>& images) {
    Put("index.json", IndexOf(images));
    return *this;
  }

  const std::string& Read(const std::string& name) const {
    for (const auto& [file, bytes] : files_) {
      if (file == name) return bytes;
    }
    static const std::string kNone;
    return kNone;
  }
  std::string Tar() const {
    TarWriter tar;
    for (const auto& [name, bytes] : files_) tar.File(name, bytes);
    return tar.Finish();
  }
  void WriteTo(const std::filesystem::path& directory) const {
    for (const auto& [name, bytes] : files_) {
      std::filesystem::create_directories((directory / name).parent_path());
      std::ofstream(directory / name, std::ios::binary) << bytes;
    }
  }

  static std::string IndexOf(const std::vector<Descriptor>& children) {
    Json list = Json::array();
    for (const Descriptor& d : children) {
      Json entry = {{"mediaType", d.media_type}, {"digest", d.digest.text()}, {"size", d.size}};
      if (d.platform) {
        entry["platform"] = {{"os", d.platform->os}, {"architecture", d.platform->architecture}};
      }
      if (!d.annotations.empty()) entry["annotations"] = d.annotations;
      list.push_back(std::move(entry));
    }
    return Json{{"schemaVersion", 2}, {"mediaType", media_type::kOciIndex}, {"manifests", list}}
        .dump();
  }

 private:
  std::vector<std::pair<std::string, std::string>> files_;  // in the order of writing
};

// The same image under another name in index.json.
inline Descriptor Named(Descriptor image, const std::string& key, const std::string& name) {
  image.annotations[key] = name;
  return image;
}
inline Descriptor DockerNamed(const Descriptor& image, const std::string& name) {
  return Named(image, "io.containerd.image.name", name);
}

// An archive as `docker save` writes it up to Docker 24.
struct DockerSaveFake {
  // A layer that has come before is a symbolic link, as with Docker.
  DockerSaveFake& Image(const std::vector<std::string>& tags,
                        const std::vector<std::string>& layers) {
    Json files = Json::array();
    for (const std::string& layer : layers) {
      const std::string folder = fmt::format("layer{}-{}", manifest.size(), files.size());
      const std::string name = folder + "/layer.tar";
      tar.File(folder + "/VERSION", "1.0");
      const auto [first, is_new] = layer_names.emplace(layer, name);
      if (is_new) {
        tar.File(name, layer);
      } else {
        tar.Symlink(name, "../" + first->second);
      }
      files.push_back(name);
    }
    return Image(tags, ConfigFake(layers), files);
  }
  DockerSaveFake& Image(const std::vector<std::string>& tags, const std::string& config,
                        const Json& files) {
    const std::string name = std::string(Digest::Of(config).hex()) + ".json";
    tar.File(name, config);
    manifest.push_back({{"Config", name}, {"RepoTags", tags}, {"Layers", files}});
    return *this;
  }
  std::string Tar() {
    TarWriter whole = tar;
    return whole.File("manifest.json", manifest.dump()).Finish();
  }

  TarWriter tar = {};
  Json manifest = Json::array();
  std::map<std::string, std::string> layer_names = {};  // by content
};

}  // namespace gantry
