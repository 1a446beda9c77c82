#include "io/remote/folder_cache.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "io/files.h"

namespace whylight {
namespace {

namespace fs = std::filesystem;

constexpr char kUri[] = "gs://bucket/flowers";

// A remote folder whose objects hold their own names.
std::vector<RemoteObject> Listing(const std::vector<std::string>& names, std::int64_t time = 1) {
  std::vector<RemoteObject> listing;
  for (const std::string& name : names) {
    listing.push_back({.kind = RemoteObject::Kind::kObject,
                       .name = name,
                       .size = name.size(),
                       .modified_ns = time});
  }
  return listing;
}

class FolderCacheTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "folder_cache_test.XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { fs::remove_all(directory_); }

  FolderCache Cache(std::int64_t max_bytes = 1 << 20) {
    return FolderCache({.directory = directory_ + "/cache",
                        .max_bytes = max_bytes,
                        .note = [this](const std::string& text) { notes_.push_back(text); }});
  }
  FolderCache::Download Count() {
    return [this](const RemoteObject& file, const std::string& path) {
      ++downloads_;
      return WriteFile(path, file.name);
    };
  }
  // Gets a folder and gives it back at once.
  std::string Get(const std::string& uri, const std::vector<RemoteObject>& listing,
                  std::int64_t max_bytes = 1 << 20) {
    const Result<FolderCache::Copy> copy = Cache(max_bytes).Get(uri, listing, Count());
    EXPECT_TRUE(copy.ok()) << copy.status().message();
    return copy.ok() ? copy->directory : "";
  }
  std::size_t Folders() const {
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator(directory_ + "/cache")) {
      count += entry.is_directory() ? 1 : 0;
    }
    return count;
  }

  std::string directory_;
  std::vector<std::string> notes_;
  std::atomic<int> downloads_ = 0;
};

TEST_F(FolderCacheTest, CopiesOnce) {
  const auto listing = Listing({"a", "b/c"});
  const std::string first = Get(kUri, listing);
  EXPECT_EQ(*ReadFile(first + "/b/c"), "b/c");
  EXPECT_EQ(Get(kUri, listing), first);
  EXPECT_EQ(downloads_, 2);
  EXPECT_EQ(notes_.size(), 1u);
}

TEST_F(FolderCacheTest, AnotherListingIsAnotherCopy) {
  const std::string first = Get(kUri, Listing({"a"}));
  EXPECT_NE(Get(kUri, Listing({"a"}, 2)), first);
  EXPECT_NE(Get(kUri, Listing({"b"})), first);
  EXPECT_NE(Get("gs://other/flowers", Listing({"a"})), first);
  EXPECT_EQ(downloads_, 4);
}

TEST_F(FolderCacheTest, MakesADamagedCopyAgain) {
  const auto listing = Listing({"abc"});
  const std::string path = Get(kUri, listing) + "/abc";
  for (const char* const bytes : {"abd", "ab", ""}) {
    std::ofstream(path) << bytes;
    Get(kUri, listing);
    EXPECT_EQ(*ReadFile(path), "abc");
  }
  fs::remove(path);
  Get(kUri, listing);
  EXPECT_EQ(*ReadFile(path), "abc");
  EXPECT_EQ(downloads_, 5);
}

TEST_F(FolderCacheTest, MakesACopyAgainWhoseManifestIsDamaged) {
  const auto listing = Listing({"abc"});
  const std::string files = Get(kUri, listing);
  const std::string manifest = files.substr(0, files.rfind('/')) + "/manifest.json";
  for (const char* const text : {"", "{", "{\"uri\": 1}", "{\"uri\": \"\", \"files\": [1]}",
                                 R"({"uri": "", "files": [{"name": "abc", "size": -1}]})"}) {
    std::ofstream(manifest) << text;
    Get(kUri, listing);
  }
  EXPECT_EQ(downloads_, 6);
}

TEST_F(FolderCacheTest, AFailedDownloadLeavesNothing) {
  const auto fail = [](const RemoteObject& file, const std::string& path) {
    return file.name == "a" ? WriteFile(path, "a") : DataLoss("broken");
  };
  EXPECT_EQ(Cache().Get(kUri, Listing({"a", "b"}), fail).status(), DataLoss("broken"));
  EXPECT_EQ(Folders(), 0u);
}

TEST_F(FolderCacheTest, AStopLeavesAGoodCopy) {
  const auto listing = Listing({"a"});
  const std::string path = Get(kUri, listing) + "/a";
  CancelReadsWhen([] { return true; });
  EXPECT_EQ(Cache().Get(kUri, listing, Count()).status().code(), StatusCode::kCancelled);
  CancelReadsWhen(nullptr);
  EXPECT_EQ(*ReadFile(path), "a");
  EXPECT_EQ(downloads_, 1);
}

TEST_F(FolderCacheTest, RefusesNamesThatLeadOut) {
  for (const char* const name : {"../a", "a/../../b", "/a", "a//b", ".", "a/", ""}) {
    const Result<FolderCache::Copy> copy = Cache().Get(kUri, Listing({name}), Count());
    EXPECT_EQ(copy.status().code(), StatusCode::kInvalidArgument) << name;
  }
  EXPECT_EQ(downloads_, 0);
}

TEST_F(FolderCacheTest, RemovesWhatWasNotUsedForLongest) {
  const auto ten = Listing({"0123456789"});
  Get("gs://b/first", ten), Get("gs://b/second", ten);
  Get("gs://b/first", ten);  // Used again.
  Get("gs://b/third", ten, 25);
  std::vector<std::string> uris;
  const Result<std::vector<FolderCache::Entry>> entries = Cache().Entries();
  ASSERT_TRUE(entries.ok());
  for (const FolderCache::Entry& entry : *entries) uris.push_back(entry.uri);
  EXPECT_EQ(uris, (std::vector<std::string>{"gs://b/third", "gs://b/first"}));
  EXPECT_EQ(entries->front().bytes, 10);
}

TEST_F(FolderCacheTest, KeepsWhatIsInUse) {
  const auto ten = Listing({"0123456789"});
  Result<FolderCache::Copy> held = Cache().Get("gs://b/held", ten, Count());
  ASSERT_TRUE(held.ok());
  Get("gs://b/other", ten, 5);
  EXPECT_TRUE(FileExists(held->directory + "/0123456789"));
  EXPECT_EQ(*Cache().Clear(), 10);
  ASSERT_EQ(Cache().Entries()->size(), 1u);
  EXPECT_TRUE(Cache().Entries()->front().is_in_use);
  held->lease.reset();
  EXPECT_EQ(*Cache().Clear(), 10);
  EXPECT_EQ(Folders(), 0u);
}

TEST_F(FolderCacheTest, ClearRemovesWhatWasLeftHalfMade) {
  const std::string files = Get(kUri, Listing({"a"}));
  const std::string entry = files.substr(0, files.rfind('/'));
  fs::rename(entry, entry + ".part");
  EXPECT_EQ(*Cache().Clear(), 0);
  EXPECT_EQ(Folders(), 0u);
}

TEST_F(FolderCacheTest, ManyAtOnceCopyOnce) {
  const auto listing = Listing({"a", "b"});
  std::vector<std::thread> threads;
  std::atomic<int> whole = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const FolderCache cache({.directory = directory_ + "/cache", .note = {}});
      const Result<FolderCache::Copy> copy = cache.Get(kUri, listing, Count());
      if (copy.ok() && *ReadFile(copy->directory + "/b") == "b") ++whole;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(whole, 4);
  EXPECT_EQ(downloads_, 2);
}

TEST_F(FolderCacheTest, WithoutADirectoryThereIsNothing) {
  const Result<std::vector<FolderCache::Entry>> entries = Cache().Entries();
  ASSERT_TRUE(entries.ok());
  EXPECT_TRUE(entries->empty());
  EXPECT_EQ(*Cache().Clear(), 0);
}

}  // namespace
}  // namespace whylight
