#include "negphase/io/zip_archive.hpp"

#include <fmt/core.h>
#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "negphase/core/error.hpp"
#include "negphase/core/memory.hpp"

namespace negphase {

namespace {

// Layout and signatures: PKWARE's APPNOTE, sections 4.3.7 to 4.3.16 and 4.5.3.
constexpr std::uint32_t local_signature = 0x04034b50, central_signature = 0x02014b50,
                        end_signature = 0x06054b50;
constexpr std::size_t local_size = 30, central_size = 46, end_size = 22, longest_comment = 65535;
constexpr std::uint32_t in_extra = 0xffffffff;  // the size stands in the zip64 field

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& what) {
  throw ConfigError({file.string(), 0, 0}, what);
}

template <class Number>
Number at(std::string_view bytes, std::size_t place) {
  Number number;
  std::memcpy(&number, bytes.data() + place, sizeof(Number));
  return number;
}

struct Entry {
  std::string name;
  std::uint16_t flags = 0, method = 0;
  std::uint32_t crc = 0;
  std::uint64_t packed = 0, unpacked = 0, offset = 0;
};

// The zip64 field holds, in this order, those of the sizes that did not fit.
bool take_zip64(std::string_view extra, Entry& entry) {
  const bool wants_unpacked = entry.unpacked == in_extra, wants_packed = entry.packed == in_extra;
  if (!wants_unpacked && !wants_packed) {
    return true;
  }
  while (extra.size() >= 4) {
    const std::size_t size = at<std::uint16_t>(extra, 2);
    std::string_view field = extra.substr(4, size);
    if (at<std::uint16_t>(extra, 0) == 1) {
      for (auto [wanted, value] :
           {std::pair{wants_unpacked, &entry.unpacked}, std::pair{wants_packed, &entry.packed}}) {
        if (wanted && field.size() < 8) {
          return false;
        }
        if (wanted) {
          *value = at<std::uint64_t>(field, 0);
          field.remove_prefix(8);
        }
      }
      return true;
    }
    extra.remove_prefix(std::min(extra.size(), 4 + size));
  }
  return false;
}

std::optional<std::string> inflate_entry(std::string_view packed, std::uint64_t unpacked) {
  // A byte of deflate makes at most 1032: a claim beyond that takes no memory.
  if (unpacked > 1032 * (std::uint64_t{packed.size()} + 1)) {
    return std::nullopt;
  }
  std::string bytes(unpacked, '\0');
  z_stream stream{};
  if (::inflateInit2(&stream, -MAX_WBITS) != Z_OK) {
    return std::nullopt;
  }
  std::size_t read = 0, written = 0;
  int code = Z_OK;
  constexpr std::size_t most = std::size_t{1} << 30;  // zlib counts in 32 bits
  while (code == Z_OK) {
    const std::size_t in = std::min(most, packed.size() - read);
    const std::size_t out = std::min(most, bytes.size() - written);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data() + read));
    stream.avail_in = static_cast<uInt>(in);
    stream.next_out = reinterpret_cast<Bytef*>(bytes.data() + written);
    stream.avail_out = static_cast<uInt>(out);
    code = ::inflate(&stream, Z_NO_FLUSH);
    read += in - stream.avail_in;
    written += out - stream.avail_out;
  }
  ::inflateEnd(&stream);
  if (code != Z_STREAM_END || written != bytes.size()) {
    return std::nullopt;
  }
  return bytes;
}

class ZipReader {
 public:
  ZipReader(const std::filesystem::path& file, std::string_view bytes)
      : file_(file), bytes_(bytes) {}

  ZipArchive read() {
    const auto end = find_end();
    ZipArchive archive;
    archive.is_cut = !end;
    double taken = 0;
    const double most = usable_memory() / 2;
    for (const Entry& entry : end ? listed(*end) : walked()) {
      taken += static_cast<double>(entry.unpacked);
      if (taken > most) {
        refuse(file_, fmt::format("unpacks to more than {:.3g} GB, half of the memory that there "
                                  "is to use",
                                  most / 1e9));
      }
      archive.entries.push_back({entry.name, unpack(entry)});
    }
    return archive;
  }

 private:
  std::optional<std::size_t> find_end() const {
    for (std::size_t back = end_size; back <= std::min(bytes_.size(), end_size + longest_comment);
         ++back) {
      const std::size_t place = bytes_.size() - back;
      if (at<std::uint32_t>(bytes_, place) == end_signature &&
          at<std::uint16_t>(bytes_, place + 20) == back - end_size) {
        return place;
      }
    }
    return std::nullopt;
  }

  std::vector<Entry> listed(std::size_t end) const {
    const std::uint16_t count = at<std::uint16_t>(bytes_, end + 10);
    std::size_t place = at<std::uint32_t>(bytes_, end + 16);
    if (count == 0xffff || place == in_extra) {
      refuse(file_,
             "is a zip64 archive of more than 65534 entries or 4 GB, which is not read: "
             "save fewer arrays in a file, or each as .npy");
    }
    std::vector<Entry> entries;
    for (int i = 0; i < count; ++i) {
      if (place + central_size > end || at<std::uint32_t>(bytes_, place) != central_signature) {
        refuse(file_, "the archive's table of contents is damaged");
      }
      const std::size_t name = at<std::uint16_t>(bytes_, place + 28);
      const std::size_t extra = at<std::uint16_t>(bytes_, place + 30);
      const std::size_t comment = at<std::uint16_t>(bytes_, place + 32);
      if (place + central_size + name + extra + comment > end) {
        refuse(file_, "the archive's table of contents is damaged");
      }
      Entry entry{std::string(bytes_.substr(place + central_size, name)),
                  at<std::uint16_t>(bytes_, place + 8),
                  at<std::uint16_t>(bytes_, place + 10),
                  at<std::uint32_t>(bytes_, place + 16),
                  at<std::uint32_t>(bytes_, place + 20),
                  at<std::uint32_t>(bytes_, place + 24),
                  at<std::uint32_t>(bytes_, place + 42)};
      if (!take_zip64(bytes_.substr(place + central_size + name, extra), entry)) {
        refuse(file_, fmt::format("the sizes of '{}' are damaged", entry.name));
      }
      entry.offset = data_of(entry);
      entries.push_back(std::move(entry));
      place += central_size + name + extra + comment;
    }
    return entries;
  }

  // Where an entry's bytes begin, which its own header says.
  std::uint64_t data_of(const Entry& entry) const {
    if (entry.offset + local_size > bytes_.size() ||
        at<std::uint32_t>(bytes_, entry.offset) != local_signature) {
      refuse(file_, fmt::format("'{}' is not where the archive says", entry.name));
    }
    const std::uint64_t data = entry.offset + local_size +
                               at<std::uint16_t>(bytes_, entry.offset + 26) +
                               at<std::uint16_t>(bytes_, entry.offset + 28);
    if (data > bytes_.size() || entry.packed > bytes_.size() - data) {
      refuse(file_, fmt::format("'{}' goes beyond the end of the archive", entry.name));
    }
    return data;
  }

  // Without the table at the end: whole entries from the front, while their headers say how long
  // they are.
  std::vector<Entry> walked() const {
    std::vector<Entry> entries;
    std::size_t place = 0;
    constexpr std::uint16_t sizes_follow = 8;
    while (place + local_size <= bytes_.size() &&
           at<std::uint32_t>(bytes_, place) == local_signature) {
      const std::size_t name = at<std::uint16_t>(bytes_, place + 26);
      const std::size_t extra = at<std::uint16_t>(bytes_, place + 28);
      const std::uint64_t data = place + local_size + name + extra;
      if (data > bytes_.size()) {
        break;
      }
      Entry entry{std::string(bytes_.substr(place + local_size, name)),
                  at<std::uint16_t>(bytes_, place + 6),
                  at<std::uint16_t>(bytes_, place + 8),
                  at<std::uint32_t>(bytes_, place + 14),
                  at<std::uint32_t>(bytes_, place + 18),
                  at<std::uint32_t>(bytes_, place + 22),
                  data};
      if ((entry.flags & sizes_follow) != 0 ||
          !take_zip64(bytes_.substr(place + local_size + name, extra), entry) ||
          entry.packed > bytes_.size() - data) {
        break;
      }
      place = data + entry.packed;
      entries.push_back(std::move(entry));
    }
    return entries;
  }

  std::string unpack(const Entry& entry) const {
    constexpr std::uint16_t encrypted = 1, stored = 0, deflated = 8;
    if ((entry.flags & encrypted) != 0) {
      refuse(file_, fmt::format("'{}' is encrypted", entry.name));
    }
    if (entry.method != stored && entry.method != deflated) {
      refuse(file_, fmt::format("'{}' is packed by method {}; stored (0) and deflated (8) are read",
                                entry.name, entry.method));
    }
    const std::string_view packed = bytes_.substr(entry.offset, entry.packed);
    std::optional<std::string> bytes;
    if (entry.method == deflated) {
      bytes = inflate_entry(packed, entry.unpacked);
    } else if (entry.packed == entry.unpacked) {
      bytes = std::string(packed);
    }
    if (!bytes || crc_of(*bytes) != entry.crc) {
      refuse(file_, fmt::format("'{}' is damaged: it does not unpack to what its checksum says",
                                entry.name));
    }
    return std::move(*bytes);
  }

  static std::uint32_t crc_of(std::string_view bytes) {
    return static_cast<std::uint32_t>(
        ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
  }

  const std::filesystem::path& file_;
  std::string_view bytes_;
};

}  // namespace

bool is_zip(std::string_view bytes) {
  return bytes.starts_with("PK\x03\x04") || bytes.starts_with("PK\x05\x06");
}

ZipArchive read_zip(const std::filesystem::path& file, std::string_view bytes) {
  if (!is_zip(bytes)) {
    refuse(file, "is no zip archive");
  }
  return ZipReader(file, bytes).read();
}

}  // namespace negphase
