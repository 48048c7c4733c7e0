# Everything that people and CI do here. .ci/run says which targets CI calls.
.DEFAULT_GOAL := help
SHELL := /bin/bash -o pipefail

# Go does not look into testdata and hidden directories by itself.
packages := ./... ./testdata/shop/... ./testdata/peers ./testdata/faults ./testdata/ageing ./testdata/kubernetes ./.github/action/...
tools := bin/tools

# The command's tests load a system, so no other tests run beside them. They run in their own directory: only
# there does go test show what passing tests print, such as how many commands a busy machine repeated.
others = $$(go list $(packages) | grep -v '/cmd/plimsoll$$')
command := go -C cmd/plimsoll test

tool = $(tools)/$(notdir $(1))
shop := github.com/plimsoll-ci/plimsoll/testdata/shop

help: ## List the targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | column -t -s "$$(printf '\t')"

build: ## Build bin/plimsoll and bin/shop.
	go build -trimpath -o bin/ ./cmd/plimsoll ./testdata/shop/cmd/shop

demo: build ## Show one passing and one failing gate.
	bin/plimsoll demo

test: programs ## Run every test but the real peers', with a real PostgreSQL; 10 to 18 minutes on two cores.
	go test $(others)
	go -C .github/kubernetes test ./manifest
	$(command) -timeout 30m

# Peers of test-real that are Go programs, each with its package and version. A test under the tag real finds them in
# bin/tools. Tests of real are named TestReal….
peers := connectconformance ghz stripe-mock centrifugo hey vegeta k6
peer-connectconformance := connectrpc.com/conformance/cmd/connectconformance@v1.0.7
peer-ghz := github.com/bojand/ghz/cmd/ghz@v0.121.0
peer-stripe-mock := github.com/stripe/stripe-mock@v0.203.0
peer-centrifugo := github.com/centrifugal/centrifugo/v6@v6.9.1
peer-hey := github.com/rakyll/hey@v0.1.4
peer-vegeta := github.com/tsenart/vegeta/v12@v12.12.0
peer-k6 := go.k6.io/k6@v1.8.1
peer-prometheus := github.com/prometheus/prometheus/cmd/prometheus@v0.316.0

# Packages whose tests need them, or those of npm.
real := ./runner/internal/protocol/grpc
real += ./runner/internal/protocol/graphql ./cmd/plimsoll/internal/draft/graphql ./cmd/plimsoll/internal/draft/har ./cmd/plimsoll/internal/sources
real += ./runner/internal/protocol/websocket ./runner/internal/protocol/sse
real += ./cmd/plimsoll/internal/draft/openapi ./cmd/plimsoll/internal/draft/python ./runner/coverage ./gate/report/html ./cmd/plimsoll/internal/site ./cmd/plimsoll/internal/serve ./cmd/plimsoll/internal/imports

test-real: programs-real peers $(tools)/act $(addprefix $(tools)/,$(peers)) ## Run the tests against real peers: the action's workflows under act, other people's servers and clients.
	go test -tags real -count 1 -timeout 30m ./.github/action
	go test -tags real -count 1 -timeout 30m -run '^TestReal' $(real)

test-otlp: $(tools)/prometheus ## Send a report as OTLP to a Prometheus of today; its build takes ten minutes.
	go test -tags real -count 1 -timeout 10m -run '^TestReal' ./gate/report/export

test-faults: programs-faults ## Load services with one known fault each, and ask what their throughput stops at; takes about ten minutes.
	go test -tags real -count 1 -timeout 60m -run '^TestReal' -v ./testdata/faults

# The cluster that test-kubernetes starts itself, unless KUBECONFIG names another one.
cluster := $(if $(KUBECONFIG),programs,programs-kubernetes $(tools)/kubernetes $(tools)/pause)

test-kubernetes: $(cluster) ## Load from the pods of a real Kubernetes, and disturb them FAULTS times: that of KUBECONFIG, else one that is built and started here. Five minutes, the first time fifteen.
	.github/kubernetes/able.sh
	go test -tags kubernetes -count 1 -timeout 60m -failfast -run '^TestKubernetes$$' -v ./testdata/kubernetes -faults $(or $(FAULTS),5)

peers: testdata/peers/node_modules/.installed ## Install the servers and descriptions of npm that test-real needs.

testdata/peers/node_modules/.installed: testdata/peers/package.json | programs-real
	npm --prefix $(<D) install --no-package-lock --no-audit --no-fund --legacy-peer-deps --ignore-scripts --loglevel=error
	@touch $@

check: lint race ## Look for mistakes: format, vet, linters, races, known vulnerabilities, untidy modules.

lint: $(tools)/staticcheck $(tools)/golangci-lint $(tools)/govulncheck $(tools)/actionlint
	@echo "gofmt"; files=$$(gofmt -l .); if [ -n "$$files" ]; then echo "not formatted, run make fmt:" $$files; exit 1; fi
	go vet $(packages) && go vet -tags real ./.github/action ./testdata/faults ./gate/report/export $(real)
	go vet -tags kubernetes ./testdata/kubernetes
	$(tools)/staticcheck $(packages)
	$(tools)/golangci-lint run $(packages)
	$(tools)/actionlint .github/workflows/*.yml cmd/plimsoll/internal/starter/files/*.yml
	@echo "go mod tidy -diff"; go mod tidy -diff && go -C .github/tools mod tidy -diff && go -C .github/lint mod tidy -diff
	.github/tools/govulncheck.sh $(tools)/govulncheck $(packages)

race: programs ## Run the tests under the race detector, and a few scripts and the interrupts with programs built for it.
	go test -race -short $(others)
	$(command) -race -short
	$(command) -race -run '^(TestScripts|TestInterrupt.*)$$'

bench: ## Run the benchmarks, three times each.
	go test -run '^$$' -bench . -benchmem -count 3 $(packages)

bench-store: programs ## Fill PostgreSQL and SQLite with a million runs and time what the gate asks them; takes about three minutes and 5 GB.
	go test ./baseline/storetest -run '^TestScale$$' -count 1 -v -timeout 60m -runs 1000000 -repeats 200

bench-peers: ## Compare with those of wrk, hey, ab, bombardier, vegeta, k6, Locust, h2load and ghz that are installed; takes about 50 minutes, PEERBENCH="-scenario grpc" 10.
	go run ./cmd/peerbench $(PEERBENCH)

soak: ## Load with 2,000 users for ten minutes and watch the memory.
	go run ./cmd/peerbench -scenario soak -only plimsoll $(PEERBENCH)

trial: build ## Try the paired gate on the sample service beside a CPU hog, 50 times unchanged and 20 times slower; takes about 50 minutes.
	.github/trial/paired.sh same 50
	.github/trial/paired.sh slower 20

trial-cost: build ## Try the costs of three services beside a busy neighbour, unchanged and with 5 % more work; takes about three hours, goes on where it was stopped.
	for language in go node python; do LOG=bin/cost-$$language-same.log .github/trial/cost.sh $$language same 30; done
	for language in go node; do LOG=bin/cost-$$language-5.log .github/trial/cost.sh $$language 5% 10; done

fuzz: ## Fuzz each target for a while; FUZZTIME=30s.
	@go list -f '{{.ImportPath}}' $(packages) | while read -r package; do \
		for target in $$(go test -list '^Fuzz' "$$package" | grep '^Fuzz'); do \
			go test -run '^$$' -fuzz "^$$target$$" -fuzztime $${FUZZTIME:-30s} -fuzzminimizetime 100x "$$package" || exit 1; \
		done; \
	done

golden: ## Rewrite the golden files; read the diff before you commit it.
	go test ./gate/report ./gate/report/html ./runner/result ./runner/profile ./runner/plan -update

proto: ## Make the code of testdata/shop/shop.proto anew; needs protobuf-compiler and libprotobuf-dev.
	GOBIN=$(abspath $(tools)) go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12
	GOBIN=$(abspath $(tools)) go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2
	cd testdata/shop && PATH=$(abspath $(tools)):$$PATH protoc --go_out=. --go_opt=module=$(shop) --go-grpc_out=. --go-grpc_opt=module=$(shop) shop.proto

fmt: ## Format the source.
	gofmt -w .

pin: ## Pin the release VERSION=vX.Y.Z in the action, before it is tagged.
	.github/action/pin.sh $(VERSION)

# Pictures of docs, each of a page of tests, with the width and the height of the window.
pictures := comment:900,460 report/report:1060,1390 site/history:1060,1180

screenshot: programs-real ## Take the pictures of docs: the comment, the page of a report and that of a history; needs chromium.
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && { \
		echo '<!doctype html><meta charset="utf-8"><style>'; cat gate/report/testdata/comment.css; echo '</style><header>github-actions <span>bot</span></header><main>'; \
		cmark-gfm --unsafe -e table gate/report/testdata/fail.md; echo '</main>'; \
	} > "$$dir/comment.html" && \
	mkdir "$$dir/report" "$$dir/site" && \
	go test ./gate/report/html -run '^TestPages$$' -count 1 -pages "$$dir/report" >"$$dir/log" && \
	go test ./cmd/plimsoll/internal/site -run '^TestPages$$' -count 1 -pages "$$dir/site" >"$$dir/log" && \
	for picture in $(pictures); do \
		page=$${picture%:*}; \
		chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$$dir/profile" --window-size=$${picture#*:} \
			--screenshot="$(abspath docs)/$${page##*/}.png" "file://$$dir/$$page.html" 2>"$$dir/log" || { cat "$$dir/log"; exit 1; }; \
	done
	@ls -l docs/*.png

# Programs that tests run, each with its package of Debian: those of make test, those that only test-real needs, those
# of test-faults, and those of a cluster. A test fails without its program. Some tests start a PostgreSQL of their own even if
# PLIMSOLL_TEST_DATABASE_URL names a server.
usual := git:git curl:curl node:nodejs nginx:nginx-light cmark-gfm:cmark-gfm pgbouncer:pgbouncer zsh:zsh fish:fish xmllint:libxml2-utils promtool:prometheus locust:python3-locust wrk:wrk
programs: needed := $(usual)
programs-real: needed := $(usual) chromium:chromium etcd:etcd-server npm:npm
programs-real: modules := grpc:python3-grpcio
programs-faults: needed := $(usual) java:default-jdk-headless prometheus-postgres-exporter:prometheus-postgres-exporter
programs-kubernetes: needed := $(usual) containerd:containerd runc:runc /usr/lib/cni/bridge:containernetworking-plugins ip:iproute2 openssl:openssl unshare:util-linux

programs programs-real programs-faults programs-kubernetes:
	@missing=; \
	for one in $(needed); do \
		command -v $${one%:*} >/dev/null || [ -x /usr/sbin/$${one%:*} ] || missing="$$missing $${one#*:}"; \
	done; \
	for one in $(modules); do \
		/usr/bin/python3 -c "import $${one%:*}" 2>/dev/null || missing="$$missing $${one#*:}"; \
	done; \
	if ! command -v initdb >/dev/null && ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then \
		missing="$$missing postgresql"; \
	fi; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if ! command -v apt-get >/dev/null; then echo "the tests need$$missing: install it"; exit 1; fi; \
	echo "installing for the tests:" $$missing; \
	sudo=$$(test $$(id -u) = 0 || echo sudo); \
	$$sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -qq -y --no-install-recommends $$missing >/dev/null

$(addprefix $(tools)/,$(peers) prometheus): Makefile
	@echo "building $(@F)"
	@mkdir -p $(tools)
	@GOBIN=$(abspath $(tools)) go install $(peer-$(@F))
	@touch $@

# A Kubernetes from its own sources, at the version of their module. It takes ten minutes of CPU time, once.
$(tools)/kubernetes: .github/kubernetes/go.mod .github/kubernetes/go.sum .github/kubernetes/kubernetes/main.go
	@echo "building $(@F) $(kubernetes)"
	@mkdir -p $(tools)
	@CGO_ENABLED=0 nice go -C .github/kubernetes build -trimpath -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$(kubernetes) \
		-X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=$(word 2,$(subst ., ,$(kubernetes)))" -o ../../$@ ./kubernetes
	@touch $@
kubernetes = $(shell awk '$$1 == "require" && $$2 == "k8s.io/kubernetes" { print $$3 } $$1 == "k8s.io/kubernetes" && $$2 ~ /^v/ { print $$2 }' .github/kubernetes/go.mod)

$(tools)/pause: .github/kubernetes/pause/main.go
	@mkdir -p $(tools)
	@CGO_ENABLED=0 go -C .github/kubernetes build -trimpath -ldflags "-s -w" -o ../../$@ ./pause
	@touch $@

# Tools are built from the versions that their modules pin. golangci-lint has a module of its own:
# it and actionlint cannot agree on one version of their YAML library.
$(tools)/golangci-lint: .github/lint/go.mod .github/lint/go.sum
$(tools)/act $(tools)/staticcheck $(tools)/govulncheck $(tools)/actionlint: .github/tools/go.mod .github/tools/go.sum
$(tools)/%:
	@echo "building $*"
	@mkdir -p $(tools)
	@go -C $(<D) build -o ../../$@ "$$(go -C $(<D) list -f '{{.ImportPath}}' tool | grep "/$*$$")"
	@touch $@

.PHONY: help build demo test test-real test-faults test-otlp test-kubernetes peers check lint race bench bench-peers bench-store soak fuzz golden proto fmt pin screenshot programs programs-real programs-faults programs-kubernetes
