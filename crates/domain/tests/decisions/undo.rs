//! Undoing what others have done.

use stockroom_domain::{
    Access, Actor, Answer, ApplicationKey, Command, Context, KeyId, Outcome, Owner, Recorded,
    Refusal, RefusalKind, SecretHash, State, Transact, TransactionAction, Undo, UndoBatch,
};

use crate::scene::{
    CountingIds, actor, at, balance, decide_all, id, other_store, product, quantity, stock, store,
    text,
};

/// Keys of the store, of its sister, and of the organization; the last one is gone.
const OWN: u128 = 0xE1;
const OWN_TOO: u128 = 0xE2;
const SISTERS: u128 = 0xE3;
const ORGANIZATIONS: u128 = 0xE4;
const GONE: u128 = 0xE5;

fn keys() -> impl Iterator<Item = ApplicationKey> {
    let owners = [
        (OWN, store()),
        (OWN_TOO, store()),
        (SISTERS, other_store()),
        (ORGANIZATIONS, Owner::Organization),
    ];
    owners.into_iter().map(|(number, owner)| ApplicationKey {
        id: id::<KeyId>(number),
        owner,
        name: text("A key"),
        client_id: number.to_string(),
        secret_hash: SecretHash([0; 32]),
        reserved_rate_limit: 0,
        allow_implicit: false,
        access: Access::Full,
        created_at: at(0),
        updated_at: at(0),
        last_used_at: None,
    })
}

/// Whoever has this key.
fn with_key(number: u128, owner: Owner) -> Actor {
    Actor {
        key: Some(id::<KeyId>(number)),
        ..actor(owner)
    }
}

fn organization_in_store() -> Actor {
    Actor {
        acting: store(),
        ..with_key(ORGANIZATIONS, Owner::Organization)
    }
}

/// One changes stock of `owner`, then the other undoes that: alone, and as a batch.
fn undone(owner: Owner, maker: &Actor, undoer: &Actor) -> [Outcome; 2] {
    let mut state = State::default();
    let held = stock(owner, balance(5, 0));
    state.stocks.insert(held.key(), held);
    state.keys = keys().map(|key| (key.id, key)).collect();
    let mut ids = CountingIds::default();
    let mut context = Context::new(at(0), &mut ids);
    let take = Transact::new(product(), TransactionAction::Decrement, quantity(2));
    let take = Command::new(maker.clone(), take);
    let (outcomes, _) = decide_all(&[take], state.clone(), &mut context);
    let [Ok(Answer::Recorded(recorded))] = &outcomes[..] else {
        panic!("{outcomes:?}")
    };
    let recorded: Recorded = recorded.clone();
    let batch = UndoBatch {
        entries: vec![recorded.clone()],
    };
    [
        Command::new(undoer.clone(), Undo { recorded }),
        Command::new(undoer.clone(), batch),
    ]
    .map(|command| {
        let (mut outcomes, _) = decide_all(&[command], state.clone(), &mut context);
        outcomes.remove(0)
    })
}

#[test]
fn a_store_undoes_of_shared_stock_what_its_own_keys_have_done() {
    let own = with_key(OWN, store());
    for maker in [&own, &with_key(OWN_TOO, store())] {
        for outcome in undone(Owner::Organization, maker, &own) {
            assert!(outcome.is_ok(), "{maker:?}: {outcome:?}");
        }
    }
    for maker in [
        with_key(SISTERS, other_store()),
        with_key(ORGANIZATIONS, Owner::Organization),
        organization_in_store(),
        with_key(GONE, store()),
        Actor::OPERATOR,
    ] {
        let [alone, batch] = undone(Owner::Organization, &maker, &own);
        assert_eq!(alone, Err(Refusal::OrganizationKeyRequired), "{maker:?}");
        let refusal = batch.expect_err("refused");
        assert_eq!(refusal.kind(), RefusalKind::Forbidden, "{maker:?}");
    }
}

#[test]
fn an_organization_undoes_everything_and_a_store_everything_of_its_stock() {
    let own = with_key(OWN, store());
    for maker in [
        with_key(SISTERS, other_store()),
        own.clone(),
        Actor::OPERATOR,
    ] {
        for undoer in [
            with_key(ORGANIZATIONS, Owner::Organization),
            organization_in_store(),
        ] {
            for outcome in undone(Owner::Organization, &maker, &undoer) {
                assert!(outcome.is_ok(), "{maker:?}: {outcome:?}");
            }
        }
    }
    for maker in [organization_in_store(), with_key(GONE, store())] {
        for outcome in undone(store(), &maker, &own) {
            assert!(outcome.is_ok(), "{maker:?}: {outcome:?}");
        }
    }
}
