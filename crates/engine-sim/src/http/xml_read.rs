//! XML request bodies: read into the tree that a JSON body would be, guided by the member tables.
//!
//! The engine ignores elements it does not know in XML, where it refuses them in JSON.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::{Map, Value};

use super::schema::{Kind, Schema};

/// Deeper bodies than this are none of the API's.
const DEEPEST: usize = 32;

/// Reads a whole document; `None` if it is not well-formed. The name of the root element is not looked at.
pub(crate) fn read(text: &str, schema: &Schema) -> Option<Value> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Node> = Vec::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                if open.len() == DEEPEST {
                    return None;
                }
                open.push(Node::of(&start)?);
            }
            Event::Empty(start) => {
                let node = Node::of(&start)?;
                match open.last_mut() {
                    Some(parent) => parent.children.push(node),
                    None => return Some(node.object(schema)),
                }
            }
            Event::End(_) => {
                let node = open.pop()?;
                match open.last_mut() {
                    Some(parent) => parent.children.push(node),
                    None => return Some(node.object(schema)),
                }
            }
            Event::Text(words) => {
                if let Some(node) = open.last_mut() {
                    node.text.push_str(&words);
                }
            }
            Event::CData(words) => {
                if let Some(node) = open.last_mut() {
                    node.text.push_str(&words);
                }
            }
            Event::GeneralRef(reference) => {
                let name: &str = &reference;
                let resolved = quick_xml::escape::unescape(&format!("&{name};")).ok()?.into_owned();
                if let Some(node) = open.last_mut() {
                    node.text.push_str(&resolved);
                }
            }
            // DTDs are refused, as the engine does.
            Event::DocType(_) | Event::Eof => return None,
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
    }
}

struct Node {
    name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Node>,
    text: String,
}

impl Node {
    fn of(start: &BytesStart<'_>) -> Option<Node> {
        let name = start.local_name().as_ref().to_owned();
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.ok()?;
            let key = attribute.key.local_name().as_ref().to_owned();
            attributes.push((key, quick_xml::escape::unescape(&attribute.value).ok()?.into_owned()));
        }
        Some(Node { name, attributes, children: Vec::new(), text: String::new() })
    }

    fn object(&self, schema: &Schema) -> Value {
        let mut tree = Map::new();
        for (name, value) in &self.attributes {
            if schema.kind_of(name).is_some() {
                tree.insert(name.clone(), Value::from(value.clone()));
            }
        }
        for child in &self.children {
            if let Some(kind) = schema.kind_of(&child.name) {
                tree.insert(child.name.clone(), child.value(kind));
            }
        }
        Value::Object(tree)
    }

    fn value(&self, kind: Kind) -> Value {
        match kind {
            Kind::Any | Kind::Text | Kind::Bool | Kind::Int | Kind::Enum(_) => Value::from(self.text.trim()),
            Kind::Object(schema) => self.object(schema),
            Kind::List(member, schema) => {
                let items = self.children.iter().filter(|child| child.name == member).map(|child| child.object(schema));
                let mut wrapper = Map::new();
                wrapper.insert(member.to_owned(), Value::Array(items.collect()));
                Value::Object(wrapper)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema::{CLUSTER, HOST, VM};
    use super::*;
    use serde_json::json;

    #[test]
    fn a_body_becomes_the_tree_its_json_would_be() {
        let text = "<host id=\"7\"><comment>a &amp; b</comment><banana>1</banana>\
                    <power_management><enabled>false</enabled></power_management><agents/></host>";
        let expected = json!({
            "id": "7", "comment": "a & b", "power_management": {"enabled": "false"}, "agents": {"agent": []},
        });
        assert_eq!(read(text, &HOST), Some(expected));
        let text = "<vm><placement_policy><hosts><host id=\"1\"/><host id=\"2\"/></hosts></placement_policy></vm>";
        let expected = json!({"placement_policy": {"hosts": {"host": [{"id": "1"}, {"id": "2"}]}}});
        assert_eq!(read(text, &VM), Some(expected));
        assert_eq!(read("<action/>", &CLUSTER), Some(json!({})));
    }

    #[test]
    fn what_is_not_well_formed_is_nothing() {
        for text in ["", "<host>", "<host><a></host>", "<!DOCTYPE host><host/>", "host"] {
            assert_eq!(read(text, &HOST), None, "{text}");
        }
    }
}
