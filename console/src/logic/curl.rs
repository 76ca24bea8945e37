//! An operation of the API as a line for a shell. What only the reader knows stands in it as a
//! variable of the shell, so that a line runs as it is once these are set; no credential does.

use serde_json::Value;

/// What is asked for.
pub struct Asked<'a> {
    /// In capitals.
    pub method: &'a str,
    /// With names in braces.
    pub path: &'a str,
    /// Who may: it decides how one shows who one is.
    pub role: &'a str,
    /// As in the document, references resolved.
    pub parameters: &'a [&'a Value],
    /// What is sent.
    pub body: Option<Value>,
    /// Whether the answer goes on and on.
    pub is_stream: bool,
}

/// The line.
pub fn line(asked: &Asked<'_>, origin: &str) -> String {
    let mut command = String::from("curl");
    match asked.method {
        "GET" => {}
        "HEAD" => command.push_str(" -I"),
        method => {
            command.push_str(" -X ");
            command.push_str(method);
        }
    }
    if asked.is_stream {
        command.push_str(" -N");
    }
    command.push_str(" \"");
    command.push_str(&url(asked, origin));
    command.push('"');
    let mut add = |text: &str| {
        command.push_str(" \\\n  ");
        command.push_str(text);
    };
    let changes = asked.method != "GET";
    match asked.role {
        "anyone" if changes => add("-H \"X-Skerry-Console: 1\""),
        "anyone" | "signed URL" => {}
        "signed in" => {
            add("-b \"skerry_session=$SESSION\"");
            if changes {
                add("-H \"X-Skerry-Console: 1\"");
            }
        }
        "device" => add("-H \"Authorization: $DEVICE_TOKEN\""),
        "bootstrap" => add("-H \"Authorization: Bootstrap $SECRET\""),
        _ => add("-H \"Authorization: $TOKEN\""),
    }
    for parameter in required(asked, "header") {
        add(&format!("-H '{}: *'", text(parameter, "name")));
    }
    if let Some(body) = &asked.body {
        add("-H \"Content-Type: application/json\"");
        // An apostrophe ends a word of the shell.
        let body = body.to_string().replace('\'', "'\"'\"'");
        add(&format!("-d '{body}'"));
    }
    command
}

fn url(asked: &Asked<'_>, origin: &str) -> String {
    let mut url = origin.to_owned();
    for segment in asked.path.split('/').skip(1) {
        url.push('/');
        match segment
            .strip_prefix('{')
            .and_then(|name| name.strip_suffix('}'))
        {
            Some(name) => url.push_str(&variable(name)),
            None => url.push_str(segment),
        }
    }
    let mut mark = '?';
    for parameter in required(asked, "query") {
        let name = text(parameter, "name");
        url.push(mark);
        url.push_str(name);
        url.push('=');
        let known = ["/schema/default", "/schema/enum/0"];
        let known = known
            .iter()
            .find_map(|path| parameter.pointer(path)?.as_str());
        match known {
            Some(known) => url.push_str(known),
            None => url.push_str(&variable(name)),
        }
        mark = '&';
    }
    // What a signed URL has behind its path.
    if asked.role == "signed URL" {
        url.push(mark);
        url.push_str("$SIGNATURE");
    }
    url
}

fn required<'a>(asked: &'a Asked<'_>, place: &'a str) -> impl Iterator<Item = &'a Value> {
    let all = asked.parameters.iter().copied();
    all.filter(move |one| {
        one.get("required") == Some(&Value::Bool(true)) && text(one, "in") == place
    })
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// `$DEVICE_ID` of `deviceId`.
fn variable(name: &str) -> String {
    let mut variable = String::from("$");
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            variable.push('_');
        }
        variable.push(letter.to_ascii_uppercase());
    }
    variable
}
