package export_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

// The body of an export is an ExportMetricsServiceRequest of OTLP's published .proto files in protobuf's own JSON mapping,
// which refuses unknown fields and values of another type. Debian's Prometheus is too old to receive OTLP (it came with
// 2.47); make test-otlp sends it to one of today.
func TestOTLPIsOTLP(t *testing.T) {
	request := requestOfOTLP(t)
	for name, m := range everything() {
		text := otlp(t, m)
		if strings.Contains(text, "null") { // which the mapping has no place for in a list, although this reader takes it
			t.Errorf("%s: a list is null:\n%.2000s", name, text)
		}
		message := dynamicpb.NewMessage(request)
		if err := protojson.Unmarshal([]byte(text), message); err != nil {
			t.Errorf("%s: %v\n%.2000s", name, err, text)
			continue
		}
		wrong := strings.Replace(text, `"timeUnixNano":"`, `"timeUnixNano":"x`, 1)
		if wrong != text && protojson.Unmarshal([]byte(wrong), dynamicpb.NewMessage(request)) == nil {
			t.Errorf("%s: a time that is no number is taken", name)
		}
	}
	if protojson.Unmarshal([]byte(`{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogramm":{}}]}]}]}`), dynamicpb.NewMessage(request)) == nil {
		t.Error("an unknown field is taken")
	}
}

// requestOfOTLP is the message of an export, out of the .proto files in testdata.
func requestOfOTLP(t *testing.T) protoreflect.MessageDescriptor {
	t.Helper()
	const service = "opentelemetry/proto/collector/metrics/v1/metrics_service.proto"
	compiler := protocompile.Compiler{Resolver: &protocompile.SourceResolver{
		Accessor: protocompile.SourceAccessorFromMap(protoFiles(t)),
	}}
	files, err := compiler.Compile(t.Context(), service)
	if err != nil {
		t.Fatal(err)
	}
	found := files.FindFileByPath(service).Messages().ByName("ExportMetricsServiceRequest")
	if found == nil {
		t.Fatal("OTLP's .proto files have no ExportMetricsServiceRequest")
	}
	return found
}

// protoFiles are OTLP's own .proto files, by the paths by which they import each other. They are those of
// github.com/open-telemetry/opentelemetry-proto at commit ac2c4b5 (Apache-2.0).
func protoFiles(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, path := range []string{
		"opentelemetry/proto/collector/metrics/v1/metrics_service.proto", "opentelemetry/proto/metrics/v1/metrics.proto",
		"opentelemetry/proto/common/v1/common.proto", "opentelemetry/proto/resource/v1/resource.proto",
	} {
		text, err := os.ReadFile(filepath.Join("testdata", "otlp", path))
		if err != nil {
			t.Fatal(err)
		}
		files[path] = string(text)
	}
	return files
}
