use std::time::Instant;
use stockroom_application::ports::*;
use stockroom_application::*;
use stockroom_domain::*;
use stockroom_sqlite::*;
use uuid::Uuid;
#[tokio::test(flavor = "multi_thread")]
async fn bench() {
    let folder = tempfile::tempdir().unwrap();
    let db = SqliteDatabase::open(
        &folder.path().join("x.db"),
        Environment::system(),
        SqliteOptions::default(),
    )
    .await
    .unwrap();
    db.migrate().await.unwrap();
    use sqlx::Connection;
    if let Ok(sql) = std::env::var("EXTRA") {
        let mut o = sqlx::SqliteConnection::connect_with(&sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join("x.db"))).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut o).await.unwrap();
    }
    let org = OrganizationId::new(Uuid::from_u128(1));
    let c = |o: Operation| Command {
        actor: Actor::OPERATOR,
        operation: o,
    };
    db.commit(
        org,
        vec![c(CreateOrganization {
            id: org,
            name: Name::new("n", "Pear").unwrap(),
        }
        .into())],
    )
    .await
    .unwrap();
    let n: u128 = 100_000;
    let pid = |i: u128| {
        ProductId::new(Uuid::from_u128(
            i.wrapping_mul(0x9E3779B97F4A7C15F39CC0605CEDC835),
        ))
    };
    let t = Instant::now();
    for chunk in (0..n).collect::<Vec<_>>().chunks(1000) {
        let out = db
            .commit(
                org,
                chunk
                    .iter()
                    .map(|i| {
                        c(CreateStock {
                            product: pid(*i),
                            unlocated: Quantity::new(1_000_000).unwrap(),
                            located: Default::default(),
                        }
                        .into())
                    })
                    .collect(),
            )
            .await
            .unwrap();
        assert!(out.iter().all(|o| o.is_ok()));
    }
    println!("create: {:.0}/s", n as f64 / t.elapsed().as_secs_f64());
    for (name, spread, size, rounds) in [
        ("hot", 1u128, 256u128, 100u128),
        ("spread", n, 256, 100),
        ("spread1000", n, 1000, 30),
        ("single", n, 1, 300),
    ] {
        let t = Instant::now();
        for r in 0..rounds {
            db.commit(
                org,
                (0..size)
                    .map(|i| {
                        c(Transact {
                            product: pid((r * size + i) * 7919 % spread),
                            action: TransactionAction::Allocate,
                            quantity: Quantity::new(1).unwrap(),
                            location: None,
                        }
                        .into())
                    })
                    .collect(),
            )
            .await
            .unwrap();
        }
        println!(
            "{name}: {:.0}/s, {:.2} ms a commit",
            (rounds * size) as f64 / t.elapsed().as_secs_f64(),
            t.elapsed().as_secs_f64() * 1e3 / rounds as f64
        );
    }
    let view = View {
        organization: org,
        acting: Owner::Organization,
    };
    let t = Instant::now();
    for i in 0..2000 {
        db.stock(view, pid(i)).await.unwrap().unwrap();
    }
    println!("get: {:.0} us", t.elapsed().as_secs_f64() * 1e6 / 2000.0);
    for offset in [0, 10_000] {
        let t = Instant::now();
        for _ in 0..20 {
            let p = db
                .list_stocks(view, &[], PageRequest { limit: 100, offset })
                .await
                .unwrap();
            assert_eq!(p.total, n as u64);
            assert_eq!(p.items.len(), 100);
        }
        println!(
            "list at {offset}: {:.0} us",
            t.elapsed().as_secs_f64() * 1e6 / 20.0
        );
    }
}
