package forms

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/gate/report/export"
)

const (
	// postWithin bounds a whole export.
	postWithin = 30 * time.Second
	// maxAnswer is how much of an answer is read, in bytes.
	maxAnswer = 64 << 10
	maxShown  = 300 // characters of it
)

// otlpHeaders is the variable with the headers of an export, such as an authorization. It is OpenTelemetry's own.
const otlpHeaders = "OTEL_EXPORTER_OTLP_HEADERS"

// post sends the figures to a receiver of OTLP.
func post(ctx context.Context, address string, m report.Material, getenv func(string) string) error {
	u, err := endpoint(address)
	if err != nil {
		return err
	}
	var body bytes.Buffer
	if err := export.OTLP(&body, m); err != nil {
		return err
	}
	ctx, done := context.WithTimeout(ctx, postWithin)
	defer done()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), &body)
	if err != nil {
		return err
	}
	if getenv != nil {
		addHeaders(request.Header, getenv(otlpHeaders))
	}
	request.Header.Set("Content-Type", "application/json")
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		var wrong *url.Error // its text would hold the password of the address
		if errors.As(err, &wrong) {
			err = wrong.Err
		}
		return notSent(u, "%v", err)
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	switch said := report.Plain(string(answer), maxShown); {
	case strings.Contains(said, "native histograms are disabled"): // an older Prometheus
		return notSent(u, "%s: start it with --enable-feature=native-histograms, or use Prometheus 3.8 or newer", said)
	case response.StatusCode/100 != 2:
		return notSent(u, "%s", strings.TrimSuffix(response.Status+": "+said, ": "))
	case err != nil:
		return notSent(u, "%v", err)
	}
	return refused(u, answer)
}

func notSent(u *url.URL, format string, args ...any) error {
	return fmt.Errorf("send the figures to %s: %s", u.Redacted(), fmt.Sprintf(format, args...))
}

// refused returns an error if the receiver rejected some of the points. Its answer may be empty, or not JSON.
func refused(u *url.URL, answer []byte) error {
	var said struct {
		PartialSuccess struct {
			Rejected json.Number `json:"rejectedDataPoints"` // as OTLP has it, or as a number
			Message  string      `json:"errorMessage"`
		} `json:"partialSuccess"`
	}
	if err := json.Unmarshal(answer, &said); err != nil {
		return nil //nolint:nilerr // the status says that it took all
	}
	if n := said.PartialSuccess.Rejected.String(); n != "" && n != "0" {
		return notSent(u, "%s figures were refused: %s", report.Plain(n, maxShown), report.Plain(said.PartialSuccess.Message, maxShown))
	}
	return nil
}

// addHeaders adds headers in OpenTelemetry's form: key=value, separated by commas, with values as in a URL.
func addHeaders(to http.Header, list string) {
	for pair := range strings.SplitSeq(list, ",") {
		name, value, ok := strings.Cut(pair, "=")
		if name = strings.TrimSpace(name); !ok || name == "" {
			continue
		}
		value = strings.TrimSpace(value)
		if plain, err := url.PathUnescape(value); err == nil {
			value = plain
		}
		to.Set(name, value)
	}
}
