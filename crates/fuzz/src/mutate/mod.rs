//! Damage to requests that work.

mod body;
mod head;
mod values;

use rand::RngExt as _;
use rand::rngs::StdRng;

use crate::document::Operation;
use crate::request::{Body, Request, Sending};
use crate::world::World;

/// How many changes are made to one request, at most.
const CHANGES_MAX: usize = 5;

/// Damages a request of an operation in one or more ways.
pub(crate) fn damage(
    request: &mut Request,
    operation: Option<&Operation>,
    world: &World,
    rng: &mut StdRng,
) {
    for _ in 0..CHANGES_MAX {
        once(request, operation, world, rng);
        if rng.random() {
            break;
        }
    }
}

fn once(request: &mut Request, operation: Option<&Operation>, world: &World, rng: &mut StdRng) {
    let has_body = request.body != Body::Nothing;
    match rng.random_range(0..100) {
        0..50 if has_body => body::damage(request, world, rng),
        50..52 => body::damage(request, world, rng),
        52..68 => head::headers(request, world, rng),
        68..72 => head::method(request, rng),
        72..74 if has_body => request.sending = Sending::Chunked,
        74 => request.sending = Sending::Cut(rng.random_range(0..1000)),
        75..86 if !request.ids.is_empty() => head::path(request, world, rng),
        86..88 => head::path(request, world, rng),
        _ => head::query(request, operation, world, rng),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::SeedableRng as _;
    use serde_json::json;

    use super::*;

    fn request() -> Request {
        Request {
            operation: "PutThing".to_owned(),
            method: "PUT".to_owned(),
            path: ["v2", "things", "ID"].map(str::to_owned).to_vec(),
            ids: vec![2],
            query: Vec::new(),
            headers: vec![("Authorization".to_owned(), b"Bearer T".to_vec())],
            body: Body::Json(json!({ "data": { "quantity": 5 } })),
            sending: Sending::Whole,
        }
    }

    fn damaged(seed: u64) -> Request {
        let world = World::new("c0".to_owned(), Vec::new(), vec!["FOREIGN".to_owned()]);
        let mut request = request();
        damage(&mut request, None, &world, &mut StdRng::seed_from_u64(seed));
        request
    }

    #[test]
    fn the_same_seed_does_the_same_damage() {
        for seed in 0..200 {
            assert_eq!(damaged(seed), damaged(seed), "seed {seed}");
        }
    }

    #[test]
    fn every_part_is_damaged() {
        let all: Vec<Request> = (0..2_000).map(damaged).collect();
        let any = |is_so: &dyn Fn(&Request) -> bool| all.iter().any(is_so);
        let original = request();
        assert!(any(&|it| it.method != original.method));
        assert!(any(&|it| it.path[2] == "FOREIGN"));
        assert!(any(&|it| it.path.len() > 3));
        assert!(any(&|it| !it.query.is_empty()));
        assert!(any(&|it| it.headers.is_empty()));
        assert!(any(&|it| it.headers.len() > 1));
        assert!(any(&|it| matches!(it.body, Body::Bytes(_))));
        assert!(any(&|it| matches!(it.sending, Sending::Cut(_))));
        assert!(any(&|it| it.sending == Sending::Chunked));
        let bodies: BTreeSet<Vec<u8>> = all.iter().map(|it| it.body.bytes()).collect();
        assert!(bodies.len() > 500, "{}", bodies.len());
    }

    #[test]
    fn heads_stay_http() {
        for seed in 0..2_000 {
            let request = damaged(seed);
            let target = request.target();
            assert!(
                target.bytes().all(|byte| byte.is_ascii_graphic()),
                "{target}"
            );
            for (name, value) in &request.headers {
                let is_text = |byte: &u8| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f);
                assert!(value.iter().all(is_text), "{name}: {value:?}");
            }
        }
    }
}
