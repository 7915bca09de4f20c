//! What holds on both databases.

mod accounts;
mod audit;
mod devices;
mod filing;
mod keys;
mod logins;
mod phones;
mod spending;
mod stations;
mod tokens;

/// Each test once on SQLite, by itself, and all of a file on PostgreSQL in one go: a server takes seconds to start, and
/// the runner gives each test a process.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                super::$name(&crate::tests::places::Place::file()).await;
            })*
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn on_postgres() {
            $({
                let Some(place) = crate::tests::places::Place::server().await else { return };
                println!("on PostgreSQL: {}", stringify!($name));
                $name(&place).await;
            })*
        }
    };
}
pub(super) use on_both;
