//! From the parser's events to the tree, within the limits.

use std::collections::HashMap;

use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput};

use super::{Entry, Kind, Malformed, Node, Place};

/// How deep options may nest. Ours need seven levels.
const DEPTH_MAX: usize = 32;
/// How many keys, values and items a file may come to once its aliases are written out.
const NODES_MAX: usize = 500_000;
/// How long a key may be: longer ones are no names, and they would fill the messages about them.
const KEY_OCTETS_MAX: usize = 256;

pub(super) struct Builder<'text, 'out> {
    parser: Parser<'text, StrInput<'text>>,
    file: usize,
    nodes: usize,
    anchors: HashMap<usize, Node>,
    path: Vec<String>,
    malformed: &'out mut Vec<Malformed>,
}

impl<'text, 'out> Builder<'text, 'out> {
    pub(super) fn new(text: &'text str, file: usize, malformed: &'out mut Vec<Malformed>) -> Self {
        let parser = Parser::new_from_str(text);
        Self { parser, file, nodes: 0, anchors: HashMap::new(), path: Vec::new(), malformed }
    }

    pub(super) fn document(&mut self) -> Result<Node, Malformed> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
                Event::StreamEnd => return Ok(root.unwrap_or_else(|| Node::empty(self.file))),
                _ if root.is_some() => {
                    return Err(self.refuse(
                        span,
                        "a second document begins here (`---`)",
                        "keep one document a file; further files go into conf.d/",
                    ));
                }
                event => {
                    let place = self.place(span);
                    root = Some(match self.node(event, span)? {
                        Node { kind: Kind::Nothing, .. } => Node::empty(self.file),
                        node @ Node { kind: Kind::Map(_), .. } => node,
                        _ => {
                            return Err(self.refuse_at(
                                place,
                                "the file is not a list of options",
                                "write `option: value` lines",
                            ));
                        }
                    });
                }
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'text>, Span), Malformed> {
        loop {
            match self.parser.next_event() {
                Some(Ok((Event::Anchor(..), _))) => {}
                Some(Ok(event)) => return Ok(event),
                Some(Err(error)) => return Err(self.unreadable(&error)),
                None => return Ok((Event::StreamEnd, Span::default())),
            }
        }
    }

    fn node(&mut self, event: Event<'text>, span: Span) -> Result<Node, Malformed> {
        let place = self.place(span);
        self.count(1, place)?;
        if self.path.len() > DEPTH_MAX {
            return Err(self.too_deep(place));
        }
        let (kind, anchor, tag) = match event {
            Event::Alias(anchor) => return self.alias(anchor, place),
            Event::Scalar(text, style, anchor, tag) => (scalar(&text, style), anchor, tag.is_some()),
            Event::SequenceStart(_, anchor, tag) => (self.list()?, anchor, tag.is_some()),
            Event::MappingStart(_, anchor, tag) => (self.map()?, anchor, tag.is_some()),
            _ => return Err(self.refuse_at(place, "something that is no value", "write a value, a list or options")),
        };
        if tag {
            return Err(self.refuse_at(place, "a YAML tag (`!...`)", "remove the tag; values need none here"));
        }
        let node = Node { place, kind };
        if anchor != 0 {
            // The copy that is kept counts too: anchors within anchors would multiply otherwise.
            self.count(node.size(), place)?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    /// What the alias stands for, as if it were written here, and counted as if it were.
    fn alias(&mut self, anchor: usize, place: Place) -> Result<Node, Malformed> {
        let Some(target) = self.anchors.get(&anchor) else {
            return Err(self.refuse_at(place, "an alias of something that contains it", "write the value out"));
        };
        let (size, depth) = (target.size(), target.depth());
        self.count(size, place)?;
        if self.path.len().saturating_add(depth) > DEPTH_MAX {
            return Err(self.too_deep(place));
        }
        self.anchors
            .get(&anchor)
            .map(|target| Node { place, kind: target.kind.clone() })
            .ok_or_else(|| self.refuse_at(place, "an alias without its anchor", "write the value out"))
    }

    fn list(&mut self) -> Result<Kind, Malformed> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                return Ok(Kind::List(items));
            }
            self.path.push(items.len().to_string());
            let item = self.node(event, span);
            self.path.pop();
            items.push(item?);
        }
    }

    fn map(&mut self) -> Result<Kind, Malformed> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut seen: HashMap<String, usize> = HashMap::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                return Ok(Kind::Map(entries));
            }
            let key_place = self.place(span);
            let key = self.key(event, key_place)?;
            self.path.push(key.clone());
            let (event, span) = self.next()?;
            let value = self.node(event, span)?;
            if let Some(first) = seen.insert(key.clone(), key_place.line) {
                self.written_twice(key_place, &key, first);
            } else {
                entries.push(Entry { key, key_place, value });
            }
            self.path.pop();
        }
    }

    fn key(&mut self, event: Event<'text>, place: Place) -> Result<String, Malformed> {
        self.count(1, place)?;
        match event {
            Event::Scalar(_, _, _, Some(_)) => {
                Err(self.refuse_at(place, "a YAML tag (`!...`)", "remove the tag; keys need none here"))
            }
            Event::Scalar(text, ..) if text.len() <= KEY_OCTETS_MAX => Ok(text.into_owned()),
            Event::Scalar(..) => {
                Err(self.refuse_at(place, format!("a key longer than {KEY_OCTETS_MAX} octets"), "use a short name"))
            }
            _ => Err(self.refuse_at(place, "a key that is no name", "write `name: value`")),
        }
    }

    fn written_twice(&mut self, place: Place, key: &str, first: usize) {
        self.malformed.push(Malformed {
            place,
            path: self.path.join("."),
            found: format!("`{key}` is written twice; the first is on line {first}"),
            remedy: "keep one of them".to_owned(),
            is_error: true,
        });
    }

    fn count(&mut self, nodes: usize, place: Place) -> Result<(), Malformed> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes <= NODES_MAX {
            return Ok(());
        }
        let found = format!("more than {NODES_MAX} values, aliases written out");
        Err(self.refuse_at(place, found, "write fewer; aliases of aliases multiply"))
    }

    fn too_deep(&self, place: Place) -> Malformed {
        self.refuse_at(
            place,
            format!("options nested more than {DEPTH_MAX} deep"),
            "no option lies that deep; see the reference",
        )
    }

    fn refuse(&self, span: Span, found: &str, remedy: &str) -> Malformed {
        self.refuse_at(self.place(span), found, remedy)
    }

    fn refuse_at(&self, place: Place, found: impl Into<String>, remedy: impl Into<String>) -> Malformed {
        Malformed { place, path: self.path.join("."), found: found.into(), remedy: remedy.into(), is_error: true }
    }

    /// The parser's own message may quote the text, and the text may be a secret: say what kind of thing it is only.
    fn unreadable(&self, error: &ScanError) -> Malformed {
        let mark = error.marker();
        let place = Place { file: self.file, line: mark.line().max(1), column: mark.col().saturating_add(1) };
        self.refuse_at(
            place,
            "this is not YAML from here on, or from the line above",
            "look at indentation (spaces, no tabs), brackets and quotes; quote texts that hold `: ` or ` #`, or begin with \
             *, &, !, %, @ or a backtick",
        )
    }

    fn place(&self, span: Span) -> Place {
        Place { file: self.file, line: span.start.line().max(1), column: span.start.col().saturating_add(1) }
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Kind {
    let is_plain = matches!(style, ScalarStyle::Plain);
    if is_plain && matches!(text, "" | "~" | "null" | "Null" | "NULL") {
        return Kind::Nothing;
    }
    Kind::Scalar { text: text.to_owned(), is_plain }
}
