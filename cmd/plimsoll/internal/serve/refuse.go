package serve

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strings"
)

// Refusal is the answer to a request that cannot be answered, as JSON.
type Refusal struct {
	Error string `json:"error"`
}

// refuse writes the reason for a refusal: as JSON for programs, else as a page. The text quotes nothing from the request.
func refuse(w http.ResponseWriter, r *http.Request, status int, text string) {
	if strings.HasPrefix(r.URL.Path, "/api/") || strings.HasSuffix(r.URL.Path, ".json") {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(Refusal{text}) //nolint:errcheck // the client has gone
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Plimsoll</title><h1>%d</h1><p>%s.</p><p><a href=\"/\">All series</a></p></html>\n", status, template.HTMLEscapeString(text))
}
