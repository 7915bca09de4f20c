//! Words that may stand only where they belong.

use super::source::Source;

struct Rule {
    /// Where the rule holds: the start of a path.
    under: &'static [&'static str],
    /// Where it does not hold within that.
    except: &'static [&'static str],
    words: &'static [&'static str],
    because: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        under: &["src/engine/"],
        except: &[],
        words: &["packet", "Packet", "bind", "Bind", "redirect", "Redirect", "http", "sql"],
        because: "the engine knows no protocol",
    },
    Rule {
        under: &["src/engine/"],
        except: &[],
        words: &[
            "tokio::net",
            "tokio::fs",
            "tokio::process",
            "tokio::signal",
            "std::fs",
            "std::process",
            "TcpStream",
            "TcpListener",
            "UdpSocket",
            "UnixStream",
            "SystemTime",
        ],
        because: "the engine has no I/O and no clock of its own",
    },
    Rule {
        under: &["src/"],
        except: &["src/radius/answer", "src/radius/wire", "src/radius/client", "src/radius/upstream"],
        words: &[
            "AccessAccept",
            "AccessReject",
            "AccessChallenge",
            "ACCESS_ACCEPT",
            "ACCESS_REJECT",
            "ACCESS_CHALLENGE",
        ],
        because: "only answer.rs turns a verdict into a reply code, beside the codec itself and the client side",
    },
    Rule {
        under: &["src/"],
        except: &["src/config.rs", "src/config/"],
        words: &["env::var", "env::var_os", "env::vars", "env::vars_os"],
        because: "only config reads the environment",
    },
    Rule {
        under: &["src/"],
        except: &["src/config.rs", "src/config/", "src/cli.rs", "src/cli/", "src/store/", "src/main.rs"],
        words: &["std::fs", "tokio::fs", "fs::read", "fs::read_to_string", "fs::write", "File::open", "File::create"],
        because: "only config reads files, beside the database's own and what an administrator names at a command",
    },
    Rule { under: &["src/"], except: &["src/proxy/"], words: &["pingora"], because: "only proxy knows pingora" },
];

pub(super) fn problems(sources: &[Source]) -> Vec<String> {
    let words = sources.iter().flat_map(|source| RULES.iter().flat_map(|rule| of_rule(rule, source)));
    let names = sources.iter().filter(|source| source.path.ends_with("/mod.rs"));
    words.chain(names.map(|source| format!("{}: a module is foo.rs beside foo/, not mod.rs", source.path))).collect()
}

fn of_rule(rule: &Rule, source: &Source) -> Vec<String> {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| source.path.starts_with(prefix));
    if !starts(rule.under) || starts(rule.except) {
        return Vec::new();
    }
    let found = source.code.iter().enumerate().filter_map(|(index, line)| {
        let word = rule.words.iter().find(|word| has_word(line, word))?;
        Some(format!("{}:{}: {word} does not belong here: {}", source.path, index + 1, rule.because))
    });
    found.collect()
}

/// Whether `word` stands in `line` as a whole, not as a part of another name.
fn has_word(line: &str, word: &str) -> bool {
    let continues = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(continues) && !after.is_some_and(continues)
    })
}
