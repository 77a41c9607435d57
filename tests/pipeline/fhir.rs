//! The codes as a FHIR server, read by another implementation: every answer is a valid resource to PyPI `fhir.resources`.

use std::process::Command;

use crate::house::House;
use crate::served::Served;

const SCRIPT: &str = r#"
import json, sys, urllib.error, urllib.request
from fhir.resources.R4B import get_fhir_model_class

base = f"http://{sys.argv[1]}/fhir/"

def read(kind, path, body=None):
    headers = {"Accept": "application/fhir+json", "Content-Type": "application/fhir+json"}
    request = urllib.request.Request(base + path, body and json.dumps(body).encode(), headers)
    try:
        answer = urllib.request.urlopen(request)
    except urllib.error.HTTPError as refused:
        answer = refused
    assert answer.headers["Content-Type"] == "application/fhir+json", path
    return get_fhir_model_class(kind).model_validate_json(answer.read())

def value(parameters, name):
    found = next(one for one in parameters.parameter if one.name == name)
    return next(getattr(found, field) for field in type(found).model_fields if field.startswith("value") and getattr(found, field, None) is not None)

statement = read("CapabilityStatement", "metadata")
assert {one.type for one in statement.rest[0].resource} == {"CodeSystem", "ValueSet", "ConceptMap"}
read("TerminologyCapabilities", "metadata?mode=terminology")
for kind in ("CodeSystem", "ValueSet", "ConceptMap"):
    for entry in read("Bundle", kind).entry:
        read(kind, f"{kind}/{entry.resource.id}")
found = read("Bundle", "CodeSystem?url=urn:kanak:code-system:ifsc")
assert found.total == 1 and found.entry[0].resource.name == "Ifsc"
branch = read("Parameters", "CodeSystem/$lookup?system=urn:kanak:code-system:ifsc&code=SBIN0000300")
assert value(branch, "display")
asked = {"resourceType": "Parameters", "parameter": [
    {"name": "coding", "valueCoding": {"system": "urn:kanak:code-system:lgd-district", "code": "737"}},
    {"name": "date", "valueDateTime": "2019-07-01"}, {"name": "url", "valueUri": "urn:kanak:code-system:lgd-district"}]}
assert value(read("Parameters", "CodeSystem/$validate-code", asked), "result") is False
assert value(read("Parameters", "CodeSystem/$subsumes?system=nic&codeA=01&codeB=01111"), "outcome") == "subsumes"
page = read("ValueSet", "ValueSet/$expand?url=urn:kanak:value-set:districts-punjab&count=3&includeDesignations=true")
assert len(page.expansion.contains) == 3 and page.expansion.total > 20
assert value(read("Parameters", "ValueSet/$validate-code?url=urn:kanak:value-set:districts-punjab&code=27&system=lgd-district"), "result") is True
translated = read("Parameters", "ConceptMap/$translate?url=urn:kanak:concept-map:nic-isic&system=nic&code=01111")
assert value(translated, "result") is True
for path in ("CodeSystem/$lookup?system=nic&code=none", "CodeSystem/none", "Patient/1", "ValueSet/$expand"):
    assert read("OperationOutcome", path).issue[0].severity == "error", path
"#;

#[test]
fn another_implementation_of_fhir_reads_every_answer() {
    let Some(python) = std::env::var_os("KANAK_TEST_PYTHON") else {
        println!("skipped: name a Python that has fhir.resources with KANAK_TEST_PYTHON");
        return;
    };
    let house = House::new();
    let served = Served::start(&house.data());
    let output = Command::new(python).args(["-c", SCRIPT, &served.address]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
