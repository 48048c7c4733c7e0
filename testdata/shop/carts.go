package shop

import (
	"crypto/rand"
	"slices"
	"sync"
)

// Bounds that keep the memory of a long run flat.
const (
	maxCarts = 10_000
	maxLines = 50
)

// line is one line of a cart.
type line struct {
	SKU      string `json:"sku"`
	Quantity int    `json:"quantity"`
}

// carts holds the newest carts by their token. The zero value is empty and ready. Safe for
// concurrent use.
type carts struct {
	mu      sync.Mutex // guards what follows
	byToken map[string][]line
	tokens  []string // in the order of opening; the oldest give way
}

// open starts an empty cart and gives its token.
func (c *carts) open() string {
	token := rand.Text()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(token, nil)
	return token
}

// items is what is in a cart; never nil, so that it is a list in JSON.
func (c *carts) items(token string) []line {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]line{}, c.byToken[token]...)
}

// add puts a line into a cart, opening it when it is not there, and gives what is in it. The
// oldest line gives way in a full cart.
func (c *carts) add(token string, item line) []line {
	c.mu.Lock()
	defer c.mu.Unlock()
	lines := append(c.byToken[token], item)
	c.put(token, lines[max(0, len(lines)-maxLines):])
	return slices.Clone(c.byToken[token])
}

// put keeps a cart; mu is held.
func (c *carts) put(token string, lines []line) {
	if c.byToken == nil {
		c.byToken = map[string][]line{}
	}
	if _, known := c.byToken[token]; !known {
		c.tokens = append(c.tokens, token)
	}
	c.byToken[token] = lines
	if len(c.tokens) > maxCarts {
		delete(c.byToken, c.tokens[0])
		c.tokens = c.tokens[1:]
	}
}
