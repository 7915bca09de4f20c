//! A browser without scripts: it keeps cookies, follows links back to the portal, and sends forms as they stand.

use std::collections::BTreeMap;

use reqwest::header::{HeaderMap, LOCATION, SET_COOKIE};
use reqwest::{Certificate, Client, RequestBuilder, Response, StatusCode, redirect};

use crate::harness::Site;

/// Redirects of one click; more would be a circle.
const REDIRECTS_MAX: usize = 8;

#[derive(Clone)]
pub(crate) struct Browser {
    client: Client,
    origin: String,
    pub(crate) cookies: BTreeMap<String, String>,
    /// The form token of the page that is open.
    pub(crate) form: String,
}

/// What is open after a click.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) headers: HeaderMap,
}

impl Browser {
    pub(crate) fn new(site: &Site) -> Self {
        // Already there from the second browser on.
        rustls::crypto::ring::default_provider().install_default().ok();
        let authority = Certificate::from_pem(site.portal().ca.ca_pem().as_bytes()).unwrap();
        let client = Client::builder()
            .tls_certs_only([authority])
            .redirect(redirect::Policy::none())
            .user_agent("Mozilla/5.0 (X11; Linux x86_64; rv:152.0) Gecko/20100101 Firefox/152.0")
            .no_proxy()
            .build()
            .unwrap();
        Self { client, origin: site.portal().origin.clone(), cookies: BTreeMap::new(), form: String::new() }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Page {
        let request = self.client.get(self.address(path));
        self.follow(request, path).await
    }

    /// Send the form of the page that is open.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let form = self.form.clone();
        let fields: Vec<(&str, &str)> = fields.iter().copied().chain([("form", form.as_str())]).collect();
        let request = self.client.post(self.address(path)).header("origin", self.origin.clone()).form(&fields);
        self.follow(request, path).await
    }

    /// One request and its own answer, with headers of the test's choice.
    pub(crate) async fn bare(
        &self,
        method: reqwest::Method,
        path: &str,
        headers: &[(&str, &str)],
        fields: &[(&str, &str)],
    ) -> Response {
        let mut request = self.with_cookies(self.client.request(method, self.address(path)));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !fields.is_empty() {
            request = request.form(fields);
        }
        request.send().await.unwrap()
    }

    /// Name and password on the first page.
    pub(crate) async fn sign_in(&mut self, user: &str, password: &str) -> Page {
        self.get("/sign-in").await;
        self.post("/sign-in", &[("user", user), ("password", password)]).await
    }

    async fn follow(&mut self, request: RequestBuilder, path: &str) -> Page {
        let mut path = path.to_owned();
        let mut response = self.with_cookies(request).send().await.unwrap();
        for _ in 0..REDIRECTS_MAX {
            self.keep(&response);
            let Some(to) = response.headers().get(LOCATION) else { break };
            path = to.to_str().unwrap().to_owned();
            assert!(path.starts_with('/'), "leads away: {path}");
            response = self.with_cookies(self.client.get(self.address(&path))).send().await.unwrap();
        }
        let (status, headers) = (response.status(), response.headers().clone());
        assert!(!status.is_redirection(), "a circle at {path}");
        let text = response.text().await.unwrap();
        if let Some(form) = value_of(&text, "form") {
            self.form = form;
        }
        Page { status, path, text, headers }
    }

    fn keep(&mut self, response: &Response) {
        for line in response.headers().get_all(SET_COOKIE) {
            let (pair, rest) = line.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if rest.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    fn with_cookies(&self, request: RequestBuilder) -> RequestBuilder {
        let line: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if line.is_empty() { request } else { request.header("cookie", line.join("; ")) }
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }
}

impl Page {
    /// The `value` of the first field of that name.
    pub(crate) fn value(&self, name: &str) -> String {
        value_of(&self.text, name).unwrap_or_else(|| panic!("no field {name} in {}", self.text))
    }

    /// The first address that begins like this.
    pub(crate) fn link(&self, begins: &str) -> String {
        let quoted = self.text.split('"').find(|part| part.starts_with(begins));
        quoted.unwrap_or_else(|| panic!("no link {begins} in {}", self.text)).to_owned()
    }

    pub(crate) fn says(&self, words: &str) -> bool {
        self.plain().contains(words)
    }

    /// Without the marks that keep foreign text in its place, and as it is read.
    pub(crate) fn plain(&self) -> String {
        self.text.replace(['\u{2068}', '\u{2069}'], "").replace("&#39;", "'").replace("&#38;", "&")
    }
}

fn value_of(text: &str, name: &str) -> Option<String> {
    let field = text.split("<input").find(|field| field.contains(&format!("name=\"{name}\"")))?;
    let value = field.split("value=\"").nth(1)?.split('"').next()?;
    Some(value.replace("&#38;", "&"))
}
