//! What every adapter must do, as a suite of tests against the ports alone.
//!
//! An adapter runs it from a file of its `tests` folder. It needs `tokio` (with `macros` and
//! `rt-multi-thread`) among its dev-dependencies, and a function that gives each test an empty
//! database of its own, together with whatever must live as long as the test does:
//!
//! ```text
//! use stockroom_application::Environment;
//!
//! async fn setup(environment: Environment) -> (MyDatabase, tempfile::TempDir) {
//!     let folder = tempfile::tempdir().unwrap();
//!     let database = MyDatabase::open(folder.path(), environment).await.unwrap();
//!     (database, folder)
//! }
//!
//! stockroom_conformance::suite!(setup);
//! ```
//!
//! The adapter has to take every time and every id from the [`Environment`] that it is given, and
//! nothing else from it: [`random`](random::commands_match_the_memory_database) compares whole
//! answers, ids included, with those of the database in memory.
//!
//! Each case is a function that takes a [`Bench`], and fails by panicking. A new case is written
//! into the module of its topic and into the list in [`suite!`].
//!
//! What only one adapter can get wrong its own tests look at; for those of damage there is
//! [`Damageable`](damage::Damageable).
//!
//! [`Environment`]: stockroom_application::Environment

#![expect(
    clippy::missing_panics_doc,
    reason = "panicking is how a case says what is wrong"
)]

mod bench;
mod client;
mod make;

pub mod batches;
pub mod concurrency;
pub mod counts;
pub mod cursors;
pub mod damage;
pub mod filters;
pub mod history;
pub mod idempotency;
pub mod isolation;
pub mod keys;
pub mod lists;
pub mod locations;
pub mod order_holds;
pub mod past;
pub mod product_ids;
pub mod products;
pub mod random;
pub mod reservation_lists;
pub mod reservations;
pub mod server_state;
pub mod stock;
pub mod tenancy;
pub mod transactions;
pub mod undo;
pub mod verify;
pub mod verify_held;

pub use bench::{Bench, Clock, Fixture, Tenant};
pub use client::Client;

/// Runs every case against the adapter that `setup` makes: a function
/// `async fn(Environment) -> (impl Database, G)` in the scope of the call.
#[macro_export]
macro_rules! suite {
    ($setup:ident) => {
        $crate::tests! { $setup
            counts {
                a_count_makes_up_for_what_it_finds,
                a_count_in_a_location_is_of_that_location,
                a_difference_is_applied_once,
                counts_know_what_was_undone,
                a_count_may_be_for_the_moment,
                many_counts_are_one_batch,
                counts_outlast_a_position,
            }
            reservations {
                a_reservation_is_read_as_answered,
                a_reservation_takes_all_or_nothing,
                what_is_paid_for_and_shipped_is_gone,
                what_is_released_is_available_again,
                expiry_is_exact,
                what_runs_out_goes_back_once,
                more_time_is_kept,
                an_order_has_one_living_reservation,
                nothing_else_takes_what_is_reserved,
                the_last_piece_is_reserved_once,
                a_reservation_is_paid_for_or_released,
            }
            order_holds {
                what_an_order_holds_is_available_to_it,
                releasing_what_has_expired_changes_nothing,
            }
            reservation_lists {
                reservations_are_listed_by_what_they_are_now,
                reservations_are_listed_by_pages,
                what_is_shown_is_settled,
                it_is_known_what_holds_a_stock,
            }
            stock {
                created_stock_is_read_as_answered,
                a_location_created_empty_is_kept,
                creation_writes_an_entry_for_each_position,
                creation_of_nothing_writes_one_entry,
                existing_stock_is_not_created_again,
                creation_in_an_unknown_location_creates_nothing,
                the_largest_quantity_is_kept_exactly,
                put_sets_adds_and_removes_locations,
                put_writes_entries_for_what_it_changes,
                an_allocated_location_is_not_taken_out,
                a_location_taken_out_can_be_added_again,
                deleted_stock_is_gone,
                stock_created_anew_starts_anew,
                one_stock_of_a_product_ends_before_the_next_begins,
                times_are_kept,
                several_are_read_at_once,
                a_thousand_are_read_at_once,
            }
            transactions {
                every_action_moves_the_figures,
                positions_are_told_apart,
                a_refused_transaction_changes_nothing,
                the_limit_holds_for_all_positions_together,
                a_transaction_adds_a_location,
                a_location_without_stock_has_nothing_to_take,
                letter_case_tells_locations_apart,
                an_entry_is_found_by_its_id,
                an_unknown_id_finds_no_entry,
                an_entry_names_its_maker,
                an_entry_keeps_what_is_said_of_it,
                a_position_has_to_be_as_expected,
                entries_are_chained,
                time_never_runs_backwards_in_a_ledger,
            }
            history {
                pages_make_up_the_whole,
                past_the_end_is_an_empty_page,
                a_filter_that_nothing_fulfils_gives_nothing,
                an_unmanaged_product_has_no_history,
                a_renamed_location_is_renamed_in_history,
                a_deleted_location_keeps_its_name_in_history,
                a_reused_name_is_another_location,
                a_store_reads_the_history_that_belongs_to_what_it_sees,
            }
            lists {
                a_list_shows_whole_stocks,
                stock_is_listed_in_the_order_of_creation,
                stock_created_anew_is_listed_last,
                pages_make_up_the_whole,
                past_the_end_is_an_empty_page,
                a_store_without_stock_lists_nothing,
                totals_follow_deletions,
                a_store_lists_its_own_and_its_organizations_stock,
                own_stock_shadows_the_organizations_in_every_order,
            }
            cursors {
                stock_is_read_to_its_end_while_it_comes_and_goes,
                own_stock_shadows_the_organizations_behind_a_place,
                a_place_shows_what_is_behind_it_and_nothing_else,
                a_list_ends_where_nothing_is_behind,
                locations_are_read_to_their_end,
                products_are_read_to_their_end,
                keys_are_read_to_their_end,
                reservations_are_read_to_their_end,
                holds_are_read_to_their_end,
            }
            filters {
                stock_is_filtered_by_every_condition,
                shared_stock_is_filtered_too,
                a_long_filter_works,
                stock_is_filtered_by_current_slugs,
                history_is_filtered_by_every_condition,
                locations_are_filtered_by_every_condition,
                a_cleared_text_is_null,
            }
            locations {
                every_field_is_kept,
                an_update_changes_what_it_names,
                locations_are_listed_in_the_order_of_creation,
                the_nearest_location_comes_first,
                a_store_sees_its_own_and_its_organizations_locations,
                slugs_are_unique_per_owner,
                a_taken_slug_is_refused_for_a_rename,
                a_rename_frees_the_slug,
                a_renamed_location_is_renamed_in_all_stock,
                a_location_in_use_is_not_deleted,
                one_stock_among_many_keeps_a_location,
                empty_positions_go_with_their_location,
                deleted_stock_keeps_no_location,
                a_deleted_locations_slug_is_free,
                the_number_of_locations_is_limited,
            }
            products {
                every_field_is_kept,
                first_stock_comes_with_the_product,
                an_update_changes_what_it_names,
                an_update_sets_the_stock_level,
                an_update_creates_the_stock,
                a_refused_update_changes_nothing,
                texts_are_unique_per_owner,
                an_update_moves_unique_texts,
                an_organizations_product_is_the_organizations_to_change,
                a_deleted_products_texts_are_free,
                a_product_with_stock_is_not_deleted,
                a_product_that_a_store_manages_is_not_deleted,
                products_are_listed_in_the_order_of_creation,
                the_level_is_that_of_the_stock_one_sees,
            }
            product_ids {
                an_id_that_is_asked_for_is_kept,
                stores_may_use_one_id_for_products_of_their_own,
                an_id_that_is_seen_or_in_a_store_is_taken,
                registering_stock_that_is_there_keeps_its_ledger,
                the_total_that_is_there_writes_nothing,
                an_id_is_given_once,
            }
            keys {
                every_field_is_kept,
                an_unknown_client_id_finds_no_key,
                keys_are_listed_per_owner,
                totals_follow_every_change,
                reserved_limits_are_added_up,
                an_update_changes_what_it_names,
                the_last_use_is_noted,
                a_deleted_key_is_gone_and_its_tokens_are_revoked,
                forbidding_implicit_tokens_revokes_them,
                revocations_are_read_and_forgotten_by_time,
                the_number_of_keys_is_limited,
            }
            tenancy {
                organizations_are_kept_in_order,
                a_created_organization_is_read_as_answered,
                an_existing_organization_is_not_created_again,
                stores_are_kept_in_order,
                settings_are_kept_per_organization,
                stores_share_their_organizations_stock,
                stores_may_share_an_unregistered_id,
                a_shared_product_is_managed_in_one_place,
                a_stores_own_product_may_be_managed_anywhere,
                per_store_stock_lifts_the_limit,
            }
            isolation {
                stock_of_the_same_product_is_told_apart,
                lists_count_their_own_only,
                entries_are_not_found_from_elsewhere,
                locations_of_the_same_slug_are_told_apart,
                products_of_the_same_sku_are_told_apart,
                organization_level_products_are_told_apart,
                keys_are_told_apart,
                a_foreign_store_shows_nothing,
                stores_see_nothing_of_one_another,
                an_organizations_key_acts_in_a_store,
            }
            batches {
                many_transactions_are_made_or_none,
                many_transactions_may_be_very_many,
                entries_name_their_batch,
                an_empty_batch_does_nothing,
                outcomes_come_in_order,
                a_refusal_does_not_sink_its_neighbours,
                a_batch_of_refusals_changes_nothing,
                commands_see_the_ones_before_them,
                a_whole_life_fits_into_one_batch,
                stock_is_replaced_in_one_batch,
                stock_may_come_and_go_in_one_batch,
                all_kinds_of_commands_share_a_batch,
                creators_in_one_batch_see_each_other,
                a_large_batch_is_stored_whole,
            }
            concurrency {
                nothing_is_sold_twice,
                batches_in_opposite_orders_all_get_through,
                positions_add_up_under_load,
                readers_see_no_half_of_a_batch,
                one_of_two_creators_gets_a_shared_product,
                one_of_many_gets_a_name,
                transactions_race_deletions,
                stock_never_lies_in_a_deleted_location,
                reserved_limits_hold_under_load,
            }
            past {
                the_past_is_what_was_read_then,
                a_list_of_the_past_is_what_was_listed_then,
                a_ledger_is_read_to_any_depth,
                the_ledger_of_deleted_stock_is_read,
                batches_are_found,
            }
            undo {
                an_entry_is_undone_once,
                what_stock_no_longer_allows_is_not_undone,
                an_entry_in_a_location_is_undone_there,
                entries_of_other_stock_are_not_undone,
                a_batch_is_undone_as_a_whole,
                stores_undo_their_own_changes_of_shared_stock,
            }
            idempotency {
                what_is_sent_again_is_answered_the_same,
                every_kind_of_answer_is_kept,
                refusals_are_kept,
                what_makes_no_sense_is_not_kept,
                a_key_is_for_one_request,
                keys_of_others_are_other_keys,
                what_an_organizations_key_was_answered_is_not_for_a_stores,
                a_request_may_be_repeated_within_a_batch,
                an_answer_is_kept_for_its_time,
                answers_are_forgotten_in_steps,
                of_many_at_once_one_acts,
            }
            server_state {
                what_is_kept_first_is_kept,
                racing_servers_keep_one_value,
                what_is_kept_is_replaced_once,
                a_database_answers_a_ping,
            }
            verify {
                a_whole_life_verifies,
                organizations_are_verified_apart,
                one_stock_is_read_with_its_ledger,
                what_changes_meanwhile_is_no_difference,
                stock_is_repaired,
                stock_that_was_changed_meanwhile_is_not_repaired,
            }
            verify_held {
                whatever_becomes_of_reservations_verifies,
                what_reservations_hold_is_read_with_stock,
                what_is_reserved_meanwhile_is_no_difference,
                what_is_held_is_repaired,
            }
            random {
                commands_match_the_memory_database,
                new_commands_match_the_memory_database,
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! tests {
    ($setup:ident $($module:ident { $($case:ident,)* })*) => {$(
        mod $module {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    let fixture = $crate::Fixture::default();
                    let (database, _guard) = super::$setup(fixture.environment()).await;
                    $crate::$module::$case(fixture.bench(database)).await;
                }
            )*
        }
    )*};
}
