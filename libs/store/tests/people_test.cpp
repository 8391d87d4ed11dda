#include "surveillx/store/people.hpp"

#include "surveillx/test_support/support.hpp"

#include "blobs.hpp"
#include "fixture.hpp"
#include "sql.hpp"

#include <set>

namespace surveillx::store {
namespace {

constexpr const char* kModel = "model-a";

AcceptedPhoto accepted(const std::string& name, std::vector<float> vector = {0.25F, -1.5F}) {
  return {.file_name = name,
          .bytes = {0xff, 0xd8, 0, 1, 0, 2},
          .model = kModel,
          .embedding = std::move(vector)};
}

class PeopleTest : public StoreTest {};
SURVEILLX_ON_BOTH_DATABASES(PeopleTest);

TEST_P(PeopleTest, a_person_comes_back_as_stored) {
  const auto created =
      store_->people.create({.name = "  Zoë 'Z' O\\Neil ", .external_id = "17", .group = "5b"});
  ASSERT_TRUE(created) << created.error().message;
  EXPECT_EQ(created->name, "Zoë 'Z' O\\Neil");
  const auto found = store_->people.find(created->id).value();
  EXPECT_EQ(found.name, created->name);
  EXPECT_EQ(found.external_id, "17");
  EXPECT_EQ(found.group, "5b");
  EXPECT_EQ(found.created_at, clock_.now());
  EXPECT_EQ(store_->people.find_by("17").value().size(), 1u);
  EXPECT_TRUE(store_->people.find(PersonId::random()).error().is(kNotFound));
}

TEST_P(PeopleTest, bad_names_are_refused) {
  for (const std::string& name :
       {std::string(), std::string("  "), std::string("a\nb"), std::string("a\0b", 3),
        std::string("\xff\xfe"), std::string(201, 'x')}) {
    const auto created = store_->people.create({.name = name, .external_id = "", .group = ""});
    ASSERT_FALSE(created) << name;
    EXPECT_TRUE(created.error().is(kInvalidArgument));
  }
}

TEST_P(PeopleTest, an_external_id_belongs_to_one_person_until_that_one_is_removed) {
  const auto first = store_->people.create({.name = "A", .external_id = "7", .group = ""}).value();
  const auto second = store_->people.create({.name = "B", .external_id = "7", .group = ""});
  ASSERT_FALSE(second);
  EXPECT_TRUE(second.error().is(kAlreadyExists));
  ASSERT_TRUE(store_->people.remove(first.id));
  EXPECT_TRUE(store_->people.create({.name = "B", .external_id = "7", .group = ""}));
  EXPECT_TRUE(store_->people.create({.name = "C", .external_id = "", .group = ""}));
  EXPECT_TRUE(store_->people.create({.name = "D", .external_id = "", .group = ""}));
}

TEST_P(PeopleTest, pages_hold_everybody_once_in_order_of_name) {
  for (const char* name : {"berta", "Anna", "Émile", "anna", "Carl", "Ärger", "Dora"}) {
    (void)person(name);
  }
  std::vector<std::string> names;
  std::string cursor;
  int pages = 0;
  do {
    const auto page =
        store_->people.list({.search = "", .group = "", .limit = 2, .cursor = cursor}).value();
    EXPECT_LE(page.people.size(), 2u);
    for (const auto& entry : page.people) names.push_back(entry.person.name);
    cursor = page.next_cursor;
    ++pages;
  } while (!cursor.empty() && pages < 10);
  EXPECT_EQ(pages, 4);
  ASSERT_EQ(names.size(), 7u);
  EXPECT_EQ((std::set<std::string>{names[0], names[1]}), (std::set<std::string>{"Anna", "anna"}));
  EXPECT_EQ((std::vector<std::string>(names.begin() + 2, names.end())),
            (std::vector<std::string>{"berta", "Carl", "Dora", "Ärger", "Émile"}));
}

TEST_P(PeopleTest, search_ignores_case_and_takes_wildcards_literally) {
  (void)person("ÉMILE Zola");
  (void)person("100% Bob_by");
  (void)store_->people.create({.name = "Carl", .external_id = "X-42", .group = "5b"}).value();
  const auto search = [&](const std::string& text, const std::string& group = "") {
    std::vector<std::string> names;
    for (const auto& entry :
         store_->people.list({.search = text, .group = group, .limit = 50, .cursor = ""})
             .value()
             .people) {
      names.push_back(entry.person.name);
    }
    return names;
  };
  EXPECT_EQ(search("émile"), std::vector<std::string>{"ÉMILE Zola"});
  EXPECT_EQ(search("zOL"), std::vector<std::string>{"ÉMILE Zola"});
  EXPECT_EQ(search("%"), std::vector<std::string>{"100% Bob_by"});
  EXPECT_EQ(search("b_b"), std::vector<std::string>{"100% Bob_by"});
  EXPECT_EQ(search("x-4"), std::vector<std::string>{"Carl"});
  EXPECT_EQ(search("", "5b"), std::vector<std::string>{"Carl"});
  EXPECT_EQ(search("' or 1=1 --"), std::vector<std::string>{});
  EXPECT_EQ(search("").size(), 3u);
  const auto odd =
      store_->people.list({.search = "\xff\\", .group = "\xff", .limit = 50, .cursor = ""});
  EXPECT_TRUE(odd) << odd.error().message;
}

TEST_P(PeopleTest, a_foreign_cursor_is_refused) {
  for (const char* cursor : {"zz", "00",
                             "ffffffffffffffffffffffffffffffffffffffffffffffffffffff"
                             "ffffffffffffffffffffffffffffffffff"}) {
    const auto page =
        store_->people.list({.search = "", .group = "", .limit = 2, .cursor = cursor});
    ASSERT_FALSE(page) << cursor;
    EXPECT_TRUE(page.error().is(kInvalidArgument));
  }
}

TEST_P(PeopleTest, person_and_photos_are_stored_together) {
  const auto created = store_->people
                           .create({.name = "Ada", .external_id = "", .group = ""},
                                   {accepted("a.jpg", {1.5F, -0.125F}), accepted("b.jpg")})
                           .value();
  EXPECT_EQ(store_->people.find_summary(created.id)->photos.accepted, 2);
  const auto photos = store_->photos.list(created.id).value();
  ASSERT_EQ(photos.size(), 2u);
  EXPECT_EQ(store_->photos.bytes(photos[0].id).value(), (Bytes{0xff, 0xd8, 0, 1, 0, 2}));
  const auto embeddings = store_->embeddings.load(kModel).value();
  ASSERT_EQ(embeddings.size(), 2u);
  EXPECT_EQ(embeddings[0].person, "Ada");
  EXPECT_EQ(embeddings[0].person_id, created.id);
  EXPECT_EQ(embeddings[0].vector.size(), 2u);
  EXPECT_TRUE(store_->embeddings.load("model-b")->empty());
  EXPECT_EQ(store_->embeddings.models().value(),
            (std::vector<std::pair<std::string, std::int64_t>>{{kModel, 2}}));
}

TEST_P(PeopleTest, no_vector_is_opened_that_was_not_asked_for) {
  // More than are asked for by name.
  const std::vector<AcceptedPhoto> many(250, accepted("a.jpg", {1.0F}));
  const auto ada =
      store_->people.create({.name = "Ada", .external_id = "", .group = ""}, many).value();
  const auto ben = store_->people
                       .create({.name = "Ben", .external_id = "", .group = ""},
                               {accepted("b.jpg", {2.0F})})
                       .value();
  const auto foreign = crypto::KeyRing::ephemeral().seal(Bytes{1}, "of another installation");
  ASSERT_TRUE(run(store_->database(), Mode::write, [&](Connection& db) -> Result<void> {
    db.execute("update embedding set vector = :vector where person_id = :ben",
               {{"vector", ByteView(foreign)}, {"ben", ben.id}});
    return {};
  }));
  const auto listed = store_->embeddings.list(kModel).value();
  ASSERT_EQ(listed.size(), 251u);
  std::vector<PhotoId> of_ada;
  std::vector<PhotoId> of_ben;
  for (const auto& row : listed) {
    (row.person_id == ada.id ? of_ada : of_ben).push_back(row.photo_id);
  }
  const auto all_of_ada = store_->embeddings.load(kModel, of_ada).value();
  ASSERT_EQ(all_of_ada.size(), 250u);
  EXPECT_EQ(all_of_ada.front().vector, std::vector<float>{1.0F});
  const auto one = store_->embeddings.load(kModel, std::vector{of_ada.front()}).value();
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one.front().person, "Ada");
  EXPECT_EQ(one.front().photo_id, of_ada.front());
  const std::vector<PhotoId> some(of_ada.begin(), of_ada.begin() + 30);
  EXPECT_EQ(store_->embeddings.load(kModel, some)->size(), 30u);
  EXPECT_TRUE(store_->embeddings.load(kModel, of_ben).error().is(crypto::kWrongKey));
  EXPECT_TRUE(store_->embeddings.load(kModel).error().is(crypto::kWrongKey));
  EXPECT_TRUE(store_->embeddings.load(kModel, std::vector<PhotoId>{})->empty());
  EXPECT_TRUE(store_->embeddings.load(kModel, std::vector{PhotoId::random()})->empty());
}

TEST_P(PeopleTest, a_vector_written_anew_has_another_seal_and_a_renamed_person_the_same) {
  const auto ada = store_->people
                       .create({.name = "Ada", .external_id = "", .group = ""},
                               {accepted("a.jpg", {1.0F})})
                       .value();
  const auto before = store_->embeddings.list(kModel).value();
  ASSERT_EQ(before.size(), 1u);
  EXPECT_EQ(before.front(), static_cast<const EmbeddingRow&>(store_->embeddings.load(kModel)->at(0)));
  ASSERT_TRUE(store_->people.update(ada.id, {.name = "Ada L.", .external_id = "", .group = ""}));
  auto renamed = before;
  renamed.front().person = "Ada L.";
  EXPECT_EQ(store_->embeddings.list(kModel).value(), renamed);
  // The same bytes once more: the photo stays, its vector is another.
  ASSERT_TRUE(store_->photos.add_accepted(ada.id, accepted("a.jpg", {2.0F})));
  const auto after = store_->embeddings.list(kModel).value();
  ASSERT_EQ(after.size(), 1u);
  EXPECT_EQ(after.front().photo_id, before.front().photo_id);
  EXPECT_NE(after.front().seal, before.front().seal);
}

TEST_P(PeopleTest, vectors_and_photos_do_not_lie_in_the_database_in_clear) {
  const auto created =
      store_->people.create({.name = "Ada", .external_id = "", .group = ""}, {accepted("a.jpg")})
          .value();
  const auto stored =
      run(store_->database(), Mode::single, [](Connection& db) -> Result<std::string> {
        return db.first(1, "select {hex:bytes} from photo")->text(0) +
               db.first(1, "select {hex:vector} from embedding")->text(0);
      });
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->find("ffd8"), std::string::npos);
  EXPECT_EQ(stored->find("0000803e"), std::string::npos);  // 0.25F
}

TEST_P(PeopleTest, a_vector_moved_to_another_photo_is_left_out) {
  const auto a = store_->people.create({.name = "A", .external_id = "", .group = ""},
                                       {accepted("a.jpg", {1.0F})});
  const auto b = store_->people.create({.name = "B", .external_id = "", .group = ""},
                                       {accepted("b.jpg", {2.0F})});
  ASSERT_TRUE(a && b);
  ASSERT_TRUE(run(store_->database(), Mode::write, [&](Connection& db) -> Result<void> {
    db.execute(
        "update embedding set vector = (select vector from embedding where person_id = :a)"
        " where person_id = :b",
        {{"a", a->id}, {"b", b->id}});
    return {};
  }));
  const auto loaded = store_->embeddings.load(kModel).value();
  ASSERT_EQ(loaded.size(), 1u);
  EXPECT_EQ(loaded[0].person, "A");
}

TEST_P(PeopleTest, a_vector_moved_to_another_person_is_left_out) {
  const auto a = store_->people.create({.name = "A", .external_id = "", .group = ""},
                                       {accepted("a.jpg", {1.0F})});
  const auto b = store_->people.create({.name = "B", .external_id = "", .group = ""},
                                       {accepted("b.jpg", {2.0F})});
  ASSERT_TRUE(a && b);
  // Their rows change hands: A would be greeted as B, and B as A.
  ASSERT_TRUE(run(store_->database(), Mode::write, [&](Connection& db) -> Result<void> {
    db.execute("update embedding set person_id = case when person_id = :a then :b else :a2 end",
               {{"a", a->id}, {"b", b->id}, {"a2", a->id}});
    return {};
  }));
  EXPECT_TRUE(store_->embeddings.load(kModel)->empty());
}

TEST_P(PeopleTest, vectors_of_an_older_version_are_bound_to_their_person_once) {
  const auto a = store_->people.create({.name = "A", .external_id = "", .group = ""},
                                       {accepted("a.jpg", {1.0F})});
  const auto b = store_->people.create({.name = "B", .external_id = "", .group = ""},
                                       {accepted("b.jpg", {2.0F}), accepted("c.jpg", {3.0F})});
  ASSERT_TRUE(a && b);
  // As the version before wrote them, in a database of its schema.
  const auto make_old = [&] {
    return run(store_->database(), Mode::write, [&](Connection& db) -> Result<void> {
      for (const auto& row :
           db.query(4, "select photo_id, model, person_id, {hex:vector} from embedding")) {
        const auto photo = row.id<PhotoId>(0);
        const auto plain = keys_.unseal(
            row.bytes(3), embedding_binding(photo, row.text(1), row.id<PersonId>(2)));
        if (!plain) return plain.error();
        db.execute("update embedding set vector = :vector where photo_id = :photo",
                   {{"vector", keys_.seal(*plain, "embedding:" + photo.str() + ":" + row.text(1))},
                    {"photo", photo}});
      }
      db.execute("delete from setting where name = 'embedding_binding'");
      return {};
    });
  };
  ASSERT_TRUE(make_old());
  EXPECT_TRUE(store_->embeddings.load(kModel)->empty()) << "this store has bound them already";
  options_.schema = SchemaPolicy::require_current;
  const auto before = store_->revision.current()->gallery;
  const auto loaded = open_store()->embeddings.load(kModel).value();
  ASSERT_EQ(loaded.size(), 3u);
  for (const auto& one : loaded) {
    EXPECT_EQ(one.person == "A", one.vector == std::vector<float>{1.0F}) << one.person;
  }
  EXPECT_GT(store_->revision.current()->gallery, before);

  // From then on the old binding counts for nothing, or swapping old rows would go on.
  const auto after = store_->revision.current()->gallery;
  ASSERT_TRUE(run(store_->database(), Mode::write, [&](Connection& db) -> Result<void> {
    db.execute("update embedding set person_id = :b where person_id = :a",
               {{"b", b->id}, {"a", a->id}});
    return {};
  }));
  EXPECT_EQ(open_store()->embeddings.load(kModel)->size(), 2u);
  EXPECT_EQ(store_->revision.current()->gallery, after);
}

TEST_P(PeopleTest, removal_erases_photos_and_vectors_and_hides_the_person) {
  const auto created =
      store_->people.create({.name = "Ada", .external_id = "1", .group = ""}, {accepted("a.jpg")})
          .value();
  ASSERT_TRUE(store_->people.remove(created.id));
  EXPECT_TRUE(store_->people.find(created.id).error().is(kNotFound));
  EXPECT_TRUE(store_->people.find_by("Ada")->empty());
  EXPECT_TRUE(store_->people.list({})->people.empty());
  EXPECT_TRUE(store_->embeddings.load(kModel)->empty());
  EXPECT_TRUE(store_->photos.list(created.id)->empty());
  EXPECT_TRUE(store_->people.remove(created.id).error().is(kNotFound));
  EXPECT_TRUE(store_->photos.add_pending(created.id, "x", Bytes{1}).error().is(kNotFound));
  const auto updated =
      store_->people.update(created.id, {.name = "B", .external_id = "", .group = ""});
  EXPECT_TRUE(updated.error().is(kNotFound));
}

TEST_P(PeopleTest, update_changes_what_others_see) {
  const auto ada = person("Ada");
  ASSERT_TRUE(store_->people.create({.name = "B", .external_id = "7", .group = ""}));
  const auto updated =
      store_->people.update(ada.id, {.name = "Ada L.", .external_id = "8", .group = "x"});
  ASSERT_TRUE(updated);
  EXPECT_EQ(store_->people.find(ada.id)->name, "Ada L.");
  EXPECT_EQ(
      store_->people.list({.search = "l.", .group = "", .limit = 9, .cursor = ""})->people.size(),
      1u);
  const auto taken =
      store_->people.update(ada.id, {.name = "Ada", .external_id = "7", .group = ""});
  EXPECT_TRUE(taken.error().is(kAlreadyExists));
}

TEST_P(PeopleTest, an_upload_is_claimed_once_and_its_verdict_stored) {
  const auto ada = person("Ada");
  const Bytes big(300'000, 0x5a);
  ASSERT_TRUE(store_->photos.add_pending(ada.id, "one.jpg", big));
  clock_.advance(std::chrono::milliseconds(5));
  ASSERT_TRUE(store_->photos.add_pending(ada.id, "two.jpg", Bytes{2}));
  EXPECT_EQ(store_->people.find_summary(ada.id)->photos.pending, 2);

  const auto first = store_->photos.claim_next("media-1").value();
  const auto second = store_->photos.claim_next("media-2").value();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->photo.file_name, "one.jpg");
  EXPECT_EQ(first->bytes, big);
  EXPECT_EQ(second->photo.file_name, "two.jpg");
  EXPECT_FALSE(store_->photos.claim_next("media-3").value());

  ASSERT_TRUE(store_->photos.accept(first->photo.id, "media-1", kModel, {1.0F}));
  ASSERT_TRUE(store_->photos.refuse(second->photo.id, "media-2", kModel, "no_face"));
  const auto counts = store_->people.find_summary(ada.id)->photos;
  EXPECT_EQ(counts.accepted, 1);
  EXPECT_EQ(counts.refused, 1);
  EXPECT_EQ(counts.pending, 0);
  EXPECT_EQ(store_->photos.find(second->photo.id)->reason, "no_face");
  EXPECT_EQ(store_->embeddings.load(kModel)->size(), 1u);
}

TEST_P(PeopleTest, a_photo_that_ended_two_processes_is_refused_and_the_next_is_examined) {
  const auto ada = person("Ada");
  const auto killer = store_->photos.add_pending(ada.id, "killer.jpg", Bytes{1}).value();
  clock_.advance(std::chrono::seconds(1));
  const auto good = store_->photos.add_pending(ada.id, "good.jpg", Bytes{2}).value();
  for (const char* process : {"media-1", "media-2"}) {
    const auto claimed = store_->photos.claim_next(process).value();
    ASSERT_TRUE(claimed);
    ASSERT_EQ(claimed->photo.id, killer.id);  // And the process ends without a verdict.
    clock_.advance(std::chrono::seconds(61));
  }
  const auto claimed = store_->photos.claim_next("media-3").value();
  ASSERT_TRUE(claimed);
  EXPECT_EQ(claimed->photo.id, good.id);
  const auto refused = store_->photos.find(killer.id).value();
  EXPECT_EQ(refused.status, domain::PhotoStatus::refused);
  EXPECT_EQ(refused.reason, "unreadable");
  // Another engine would meet the same end.
  ASSERT_TRUE(store_->photos.requeue_for_model("another model"));
  EXPECT_EQ(store_->photos.find(killer.id)->status, domain::PhotoStatus::refused);
}

TEST_P(PeopleTest, a_photo_whose_verdict_could_not_be_stored_is_claimed_again_by_the_same_process) {
  const auto ada = person("Ada");
  const auto photo = store_->photos.add_pending(ada.id, "a.jpg", Bytes{1}).value();
  for (int outage = 0; outage < 5; ++outage) {
    const auto claimed = store_->photos.claim_next("media-1").value();
    ASSERT_TRUE(claimed) << outage;
    clock_.advance(std::chrono::seconds(61));
  }
  ASSERT_TRUE(store_->photos.claim_next("media-1").value());
  ASSERT_TRUE(store_->photos.accept(photo.id, "media-1", kModel, {1.0F}));
}

TEST_P(PeopleTest, a_new_engine_starts_counting_ended_processes_anew) {
  const auto ada = person("Ada");
  const auto photo = store_->photos.add_pending(ada.id, "a.jpg", Bytes{1}).value();
  ASSERT_TRUE(store_->photos.claim_next("media-1").value());
  clock_.advance(std::chrono::seconds(61));
  ASSERT_TRUE(store_->photos.claim_next("media-2").value());
  ASSERT_TRUE(store_->photos.refuse(photo.id, "media-2", kModel, "no_face"));
  ASSERT_EQ(store_->photos.requeue_for_model("model-b").value(), 1);
  const auto claimed = store_->photos.claim_next("media-3").value();
  ASSERT_TRUE(claimed);
  EXPECT_EQ(claimed->photo.id, photo.id);
}

TEST_P(PeopleTest, a_claim_runs_out_and_passes_to_another_worker) {
  const auto ada = person("Ada");
  ASSERT_TRUE(store_->photos.add_pending(ada.id, "one.jpg", Bytes{1}));
  const auto first = store_->photos.claim_next("dead", std::chrono::seconds(60)).value();
  ASSERT_TRUE(first);
  clock_.advance(std::chrono::seconds(59));
  EXPECT_FALSE(store_->photos.claim_next("alive").value());
  clock_.advance(std::chrono::seconds(1));
  ASSERT_TRUE(store_->photos.claim_next("alive").value());
  const auto late = store_->photos.accept(first->photo.id, "dead", kModel, {1.0F});
  ASSERT_FALSE(late);
  EXPECT_TRUE(late.error().is(kLeaseLost));
  EXPECT_TRUE(store_->embeddings.load(kModel)->empty());
  EXPECT_TRUE(store_->photos.accept(first->photo.id, "alive", kModel, {1.0F}));
}

TEST_P(PeopleTest, a_photo_removed_while_examined_loses_its_lease) {
  const auto ada = person("Ada");
  const auto photo = store_->photos.add_pending(ada.id, "one.jpg", Bytes{1}).value();
  ASSERT_TRUE(store_->photos.claim_next("media").value());
  ASSERT_TRUE(store_->photos.remove(photo.id));
  EXPECT_TRUE(store_->photos.accept(photo.id, "media", kModel, {1.0F}).error().is(kLeaseLost));
  EXPECT_TRUE(store_->photos.bytes(photo.id).error().is(kNotFound));
}

TEST_P(PeopleTest, an_unreadable_upload_is_refused_and_does_not_block_the_next) {
  const auto ada = person("Ada");
  const auto bad = store_->photos.add_pending(ada.id, "bad.jpg", Bytes{1}).value();
  clock_.advance(std::chrono::milliseconds(5));
  ASSERT_TRUE(store_->photos.add_pending(ada.id, "good.jpg", Bytes{2}));
  // Sealed for another row.
  const Bytes foreign = keys_.seal(Bytes{1}, "photo:other");
  ASSERT_TRUE(run(store_->database(), Mode::write, [&](Connection& db) -> Result<void> {
    db.execute("update photo set bytes = :bytes where id = :id",
               {{"bytes", ByteView(foreign)}, {"id", bad.id}});
    return {};
  }));
  const auto claimed = store_->photos.claim_next("media").value();
  ASSERT_TRUE(claimed);
  EXPECT_EQ(claimed->photo.file_name, "good.jpg");
  EXPECT_EQ(store_->photos.find(bad.id)->reason, "unreadable");
}

TEST_P(PeopleTest, a_new_model_examines_all_photos_again_once) {
  const auto ada =
      store_->people.create({.name = "Ada", .external_id = "", .group = ""}, {accepted("a.jpg")})
          .value();
  EXPECT_EQ(store_->photos.requeue_for_model(kModel).value(), 0);
  EXPECT_EQ(store_->photos.requeue_for_model("model-b").value(), 1);
  const auto claimed = store_->photos.claim_next("media").value();
  ASSERT_TRUE(claimed);
  ASSERT_TRUE(store_->photos.accept(claimed->photo.id, "media", "model-b", {9.0F}));
  EXPECT_EQ(store_->photos.requeue_for_model("model-b").value(), 0);
  EXPECT_EQ(store_->photos.requeue_for_model(kModel).value(), 0);  // Its vector is still there.
  EXPECT_EQ(store_->embeddings.load(kModel)->at(0).vector, (std::vector<float>{0.25F, -1.5F}));
  EXPECT_EQ(store_->embeddings.load("model-b")->at(0).vector, std::vector<float>{9.0F});
}

TEST_P(PeopleTest, every_change_moves_the_gallery_revision) {
  auto last = store_->revision.current().value();
  const auto moved = [&] {
    const auto now = store_->revision.current().value();
    const bool changed = now.gallery > last.gallery;
    EXPECT_EQ(now.cameras, last.cameras);
    last = now;
    return changed;
  };
  EXPECT_FALSE(moved());
  const auto ada = person("Ada");
  EXPECT_TRUE(moved());
  ASSERT_TRUE(store_->photos.add_accepted(ada.id, accepted("a.jpg")));
  EXPECT_TRUE(moved());
  ASSERT_TRUE(store_->photos.remove(store_->photos.list(ada.id)->at(0).id));
  EXPECT_TRUE(moved());
  ASSERT_TRUE(store_->people.remove(ada.id));
  EXPECT_TRUE(moved());
  ASSERT_FALSE(store_->people.remove(ada.id));
  EXPECT_FALSE(moved());
}

TEST_P(PeopleTest, both_spellings_of_a_name_are_one) {
  const auto zoe = person("Zoe\u0308 \u00c5");
  EXPECT_EQ(zoe.name, "Zo\u00eb \u00c5");
  ASSERT_EQ(store_->people.find_by("Zo\u00eb A\u030a").value().size(), 1u);
  for (const char* search : {"zo\u00eb", "ZOE\u0308", "\uff3ao\u00eb", "a\u030a"}) {
    const auto page = store_->people.list({.search = search, .group = "", .limit = 9, .cursor = ""});
    EXPECT_EQ(page->people.size(), 1u) << search;
  }
  (void)store_->people.create({.name = "Q", .external_id = "I\u0308", .group = "5\u00eb"}).value();
  EXPECT_TRUE(store_->people.create({.name = "R", .external_id = "\u00cf", .group = ""})
                  .error()
                  .is(kAlreadyExists));
  EXPECT_EQ(store_->people.list({.search = "", .group = "5e\u0308", .limit = 9, .cursor = ""})
                ->people.size(),
            1u);
  EXPECT_EQ(store_->people.groups().value(), std::vector<std::string>{"5\u00eb"});
}

TEST_P(PeopleTest, names_that_an_older_program_stored_are_found_in_both_spellings) {
  const auto zoe = person("placeholder");
  // As it was: the name as typed, folded without regard to spelling, and no note of another form.
  ASSERT_TRUE(run(store_->database(), Mode::write, [&](Connection& db) -> Result<void> {
    db.execute("update person set name = :name, name_key = :key where id = :id",
               {{"name", "Zoe\u0308"}, {"key", "zoe\u0308"}, {"id", zoe.id}});
    db.execute("delete from setting where name = 'text_keys'");
    return {};
  }));
  const auto again = open_store();
  EXPECT_EQ(again->people.find_by("Zo\u00eb").value().size(), 1u);
  EXPECT_EQ(again->people.list({.search = "zo\u00eb", .group = "", .limit = 9, .cursor = ""})
                ->people.size(),
            1u);
}

TEST_P(PeopleTest, a_write_whose_comparison_no_longer_holds_stores_nothing) {
  const auto seen = store_->revision.current()->vectors;
  const auto ada =
      store_->people
          .create({.name = "Ada", .external_id = "", .group = ""}, {accepted("a.jpg")}, seen)
          .value();
  const auto late = store_->people.create({.name = "Eve", .external_id = "", .group = ""},
                                          {accepted("b.jpg")}, seen);
  ASSERT_FALSE(late);
  EXPECT_TRUE(late.error().is(kGalleryChanged));
  EXPECT_TRUE(store_->people.find_by("Eve")->empty());
  AcceptedPhoto other = accepted("c.jpg");
  other.bytes.push_back(7);
  EXPECT_TRUE(store_->photos.add_accepted(ada.id, std::vector{other}, seen).error().is(
      kGalleryChanged));
  ASSERT_TRUE(store_->photos.add_pending(ada.id, "d.jpg", Bytes{9}));
  EXPECT_EQ(store_->revision.current()->vectors, seen + 1);  // An upload is no vector yet.
  const auto claimed = store_->photos.claim_next("media").value();
  EXPECT_TRUE(store_->photos.accept(claimed->photo.id, "media", kModel, {1.0F}, seen)
                  .error()
                  .is(kGalleryChanged));
  EXPECT_TRUE(store_->photos.accept(claimed->photo.id, "media", kModel, {1.0F}, seen + 1));
  EXPECT_EQ(store_->people.find_summary(ada.id)->photos.accepted, 2);
}

TEST_P(PeopleTest, the_same_bytes_of_a_person_are_one_photo) {
  const auto ada = person("Ada");
  const auto eve = person("Eve");
  const auto first = store_->photos.add_pending(ada.id, "one.jpg", Bytes{1, 2, 3}).value();
  EXPECT_EQ(store_->photos.add_pending(ada.id, "two.jpg", Bytes{1, 2, 3})->id, first.id);
  EXPECT_NE(store_->photos.add_pending(ada.id, "two.jpg", Bytes{1, 2, 4})->id, first.id);
  EXPECT_NE(store_->photos.add_pending(eve.id, "one.jpg", Bytes{1, 2, 3})->id, first.id);
  EXPECT_EQ(store_->photos.find_same(ada.id, Bytes{1, 2, 3}).value()->id, first.id);
  EXPECT_FALSE(store_->photos.find_same(ada.id, Bytes{1, 2}).value());

  // A command that has examined it decides it in its place.
  AcceptedPhoto examined = accepted("three.jpg");
  examined.bytes = {1, 2, 3};
  const auto decided = store_->photos.add_accepted(ada.id, examined).value();
  EXPECT_EQ(decided.id, first.id);
  EXPECT_EQ(decided.status, domain::PhotoStatus::accepted);
  EXPECT_EQ(store_->photos.list(ada.id)->size(), 2u);
  EXPECT_EQ(store_->embeddings.load(kModel)->size(), 1u);
  EXPECT_EQ(store_->photos.add_pending(ada.id, "four.jpg", Bytes{1, 2, 3})->status,
            domain::PhotoStatus::accepted);
}

TEST_P(PeopleTest, a_refused_look_alike_names_the_other_and_can_be_insisted_on) {
  const auto ada = person("Ada");
  const auto eve = person("Eve");
  const auto photo = store_->photos.add_pending(eve.id, "eve.jpg", Bytes{1}).value();
  ASSERT_FALSE(store_->photos.claim_next("media").value()->insisted);
  ASSERT_TRUE(store_->photos.refuse(photo.id, "media", kModel, "looks_like", ada.id));
  EXPECT_EQ(store_->photos.find(photo.id)->like, ada.id);
  ASSERT_TRUE(store_->photos.insist(photo.id));
  const auto waiting = store_->photos.find(photo.id).value();
  EXPECT_EQ(waiting.status, domain::PhotoStatus::pending);
  EXPECT_FALSE(waiting.like);
  EXPECT_TRUE(store_->photos.claim_next("media").value()->insisted);
  ASSERT_TRUE(store_->photos.refuse(photo.id, "media", kModel, "looks_like", ada.id));
  ASSERT_TRUE(store_->people.remove(ada.id));
  EXPECT_FALSE(store_->photos.find(photo.id)->like);
  EXPECT_TRUE(store_->photos.insist(PhotoId::random()).error().is(kNotFound));
}

}  // namespace
}  // namespace surveillx::store
