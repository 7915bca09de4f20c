use std::fs::File;
use std::process::Command;

use super::*;

/// Files the inner test may have open: enough for a runtime and a few connections.
const FEW: u32 = 48;

#[test]
fn a_door_without_a_file_left_to_open_goes_on_when_there_is_one_again() {
    let inner = "stream::tests::files::with_few_files";
    let limited = format!("ulimit -n {FEW} && exec \"$0\" --exact {inner} --ignored");
    let run = Command::new("sh").arg("-c").arg(limited).arg(std::env::current_exe().unwrap()).output().unwrap();
    let told = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && told.contains("1 passed"), "{told}{}", String::from_utf8_lossy(&run.stderr));
}

#[tokio::test(start_paused = true)]
#[ignore = "takes all files of its process: the test above starts it in one of its own"]
async fn with_few_files() {
    let handle = opened(StreamRules::default());
    let mut before = dial(&handle).await;
    greeting(&mut before).await;
    let waiting = TcpSocket::new_v4().unwrap();
    let mut taken = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        taken.push(file);
        assert!(taken.len() < 1000, "this process may open too many files for this test");
    }
    let mut waiting = waiting.connect(handle.addresses()[0]).await.unwrap();
    until(|| handle.counts().failed_accepts > 0).await;
    assert!(is_answered(&mut before).await);
    taken.clear();
    assert!(!greeting(&mut waiting).await.is_empty() && is_answered(&mut waiting).await);
}
