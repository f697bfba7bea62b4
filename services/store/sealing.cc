#include "store/sealing.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/status.h"
#include "base/strings.h"
#include "base/unique_fd.h"

namespace gantry {
namespace {

constexpr size_t kKeyBytes = 32;
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* Bytes(std::string_view s) {
  return reinterpret_cast<const unsigned char*>(s.data());
}
unsigned char* Bytes(std::string& s) { return reinterpret_cast<unsigned char*>(s.data()); }

std::string Random(size_t size) {
  std::string bytes(size, '\0');
  if (RAND_bytes(Bytes(bytes), static_cast<int>(size)) != 1) std::abort();
  return bytes;
}

// Ciphertext and tag.  OpenSSL fails here only without memory.
std::string Encrypt(std::string_view key, std::string_view nonce, std::string_view aad,
                    std::string_view plain) {
  const Cipher cipher(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  std::string out(plain.size() + kTagBytes, '\0');
  int size = 0;
  const bool ok =
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(key), Bytes(nonce)) == 1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &size, Bytes(aad), static_cast<int>(aad.size())) == 1 &&
      EVP_EncryptUpdate(cipher.get(), Bytes(out), &size, Bytes(plain),
                        static_cast<int>(plain.size())) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), Bytes(out) + size, &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes,
                          Bytes(out) + plain.size()) == 1;
  if (!ok) std::abort();
  return out;
}

std::optional<Secret> Decrypt(std::string_view key, std::string_view nonce, std::string_view aad,
                              std::string_view sealed) {
  if (sealed.size() < kTagBytes || nonce.size() != kNonceBytes) return std::nullopt;
  const Cipher cipher(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  const std::string_view body = sealed.substr(0, sealed.size() - kTagBytes);
  std::string tag(sealed.substr(body.size()));
  std::string plain(body.size(), '\0');
  int size = 0;
  const bool ok =
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(key), Bytes(nonce)) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &size, Bytes(aad), static_cast<int>(aad.size())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), Bytes(plain), &size, Bytes(body),
                        static_cast<int>(body.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, Bytes(tag)) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), Bytes(plain) + size, &size) == 1;
  Secret secret(std::move(plain));
  if (!ok) return std::nullopt;
  return secret;
}

std::string Mac(const Secret& key, std::string_view message) {
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.Reveal().data(), static_cast<int>(key.Reveal().size()), Bytes(message),
       message.size(), mac, &size);
  return HexEncode({reinterpret_cast<const char*>(mac), size});
}

Error KeyError(std::string message) {
  return Error(absl::StatusCode::kFailedPrecondition, reason::kSealingKey, std::move(message));
}

absl::StatusOr<std::string> ReadKey(int fd, const std::string& path) {
  struct stat info {};
  fstat(fd, &info);
  if ((info.st_mode & 077) != 0) {
    return KeyError(fmt::format("the sealing key {} can be read by others", path))
        .Remedy("chmod 600 {}", path);
  }
  std::string key(kKeyBytes + 1, '\0');
  const ssize_t n = read(fd, key.data(), key.size());
  if (n != static_cast<ssize_t>(kKeyBytes)) {
    return KeyError(fmt::format("the sealing key {} does not have {} bytes", path, kKeyBytes))
        .Remedy("restore it from a backup: without it the stored secrets cannot be opened");
  }
  key.resize(kKeyBytes);
  return key;
}

// Whole or not at all: written beside, then given its name, then made to last.
absl::StatusOr<std::string> CreateKey(const std::string& path) {
  std::string key = Random(kKeyBytes);
  const std::string temporary = path + ".new";
  unlink(temporary.c_str());
  const UniqueFd fd(open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  const bool written =
      fd.get() >= 0 &&
      write(fd.get(), key.data(), key.size()) == static_cast<ssize_t>(key.size()) &&
      fsync(fd.get()) == 0;
  const std::string parent = std::filesystem::path(path).parent_path().string();
  const UniqueFd directory(open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const bool kept = written && rename(temporary.c_str(), path.c_str()) == 0 &&
                    directory.get() >= 0 && fsync(directory.get()) == 0;
  if (kept) return key;
  return Unavailable(reason::kStoreFull, "cannot make the sealing key {}: {}", path,
                     std::generic_category().message(errno))
      .Remedy("check the state directory's owner, rights and free space");
}

// Only what Base64Encode wrote: a last character may have bits that stand for nothing, and a change
// there is a change too.
bool Decode(std::string_view text, std::string* bytes) {
  return Base64Decode(text, bytes) && Base64Encode(*bytes) == text;
}

}  // namespace

SealingKey::SealingKey(Secret key) : key_(std::move(key)), id_(Mac(key_, "id").substr(0, 8)) {}

std::string SealingKey::Fingerprint(std::string_view bytes) const {
  return Mac(key_, fmt::format("fingerprint\n{}", bytes));
}

absl::StatusOr<SealingKey> SealingKey::LoadOrCreate(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (fd.get() < 0 && errno != ENOENT) {
    return KeyError(fmt::format("cannot read the sealing key {}: {}", path,
                                std::generic_category().message(errno)));
  }
  auto key = fd.get() < 0 ? CreateKey(path) : ReadKey(fd.get(), path);
  if (!key.ok()) return key.status();
  return SealingKey(Secret(*std::move(key)));
}

std::string SealingKey::Seal(const Secret& value, std::string_view place) const {
  const Secret data_key(Random(kKeyBytes));
  const std::string wrap_nonce = Random(kNonceBytes);
  const std::string nonce = Random(kNonceBytes);
  const std::string wrapped =
      wrap_nonce + Encrypt(key_.Reveal(), wrap_nonce, place, data_key.Reveal());
  return fmt::format("s1.{}.{}.{}.{}", id_, Base64Encode(wrapped), Base64Encode(nonce),
                     Base64Encode(Encrypt(data_key.Reveal(), nonce, place, value.Reveal())));
}

absl::StatusOr<Secret> SealingKey::Open(std::string_view sealed, std::string_view place) const {
  const auto parts = Split(sealed, '.');
  std::string wrapped, nonce, body;
  if (parts.size() != 5 || parts[0] != "s1" || !Decode(parts[2], &wrapped) ||
      !Decode(parts[3], &nonce) || !Decode(parts[4], &body) || wrapped.size() < kNonceBytes) {
    return KeyError("a stored secret is damaged").Remedy("restore the state from a backup");
  }
  if (parts[1] != id_) {
    return KeyError(fmt::format("a stored secret was sealed by key {}, this is key {}",
                                Excerpt(parts[1], 16), id_))
        .Remedy("give the daemon the sealing key the state was written with");
  }
  const std::string_view wrap(wrapped);
  const auto data_key = Decrypt(key_.Reveal(), wrap.substr(0, kNonceBytes), place,
                                wrap.substr(kNonceBytes));
  auto value = data_key ? Decrypt(data_key->Reveal(), nonce, place, body) : std::nullopt;
  if (!value) {
    return KeyError("a stored secret does not open: it was changed, or moved from where it belongs")
        .Remedy("enter the secret again");
  }
  return *std::move(value);
}

}  // namespace gantry
