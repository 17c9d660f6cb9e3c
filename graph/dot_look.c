#include "dot_look.h"

#define WIDE "0.14,0.07" /* margins; polygons add room of their own */
#define NARROW "0.05,0.03"

const struct node_look node_looks[NODE_ROLES] = {
	[NODE_PLAIN] = {"object", "box", "rounded,filled", "1", WIDE, "object"},
	[NODE_ROOT] = {"root", "house", "filled", "1.5", NARROW, "root or module"},
	[NODE_RING] = {"cycle", "box", "rounded,filled", "2.5", WIDE, "on the cycle"},
	[NODE_OWNER] = {"owner", "octagon", "filled", "1.5", NARROW, "owns the handle"},
	[NODE_SUBJECT] = {"subject", "doubleoctagon", "filled", "1.5", NARROW, "the one in question"},
	[NODE_LIBRARY] = {"library", "component", "filled", "1.5", WIDE, "loaded library"},
	[NODE_GONE] = {"gone", "component", "filled,dashed", "2.5", WIDE,
		       "library no longer loaded"},
	[NODE_MORE] = {"folded", "folder", "filled", "1", WIDE, "folded: many alike, or more"},
	[NODE_REMARK] = {"remark", "plaintext", "", "1", NARROW, NULL},
};

const struct edge_look edge_looks[EDGE_ROLES] = {
	[EDGE_PLAIN] = {"reference", "solid", "1.2", "normal"},
	[EDGE_RING] = {"cycle", "solid", "2.5", "normal"},
	[EDGE_CUT] = {"cut", "dashed", "3.5", "normal"},
	[EDGE_HANDLE] = {"handle", "bold", "2", "diamond"},
	[EDGE_MORE] = {"folded", "dotted", "1.2", "normal"},
};

const struct theme theme_light = {
	.background = "#ffffff", .text = "#000000", .frame = "#999999",
	.mark = "#cc2288",
	.node = {
		[NODE_PLAIN] = {"#ffffff", "#555555", "#000000"},
		[NODE_ROOT] = {"#cfe8f7", "#0072b2", "#000000"},
		[NODE_RING] = {"#fbe3c4", "#b35900", "#000000"},
		[NODE_OWNER] = {"#fff6b3", "#6b5f00", "#000000"},
		[NODE_SUBJECT] = {"#fff6b3", "#333333", "#000000"},
		[NODE_LIBRARY] = {"#333333", "#000000", "#ffffff"},
		[NODE_GONE] = {"#ffffff", "#a63600", "#000000"},
		[NODE_MORE] = {"#eeeeee", "#888888", "#000000"},
		[NODE_REMARK] = {"#ffffff", "#ffffff", "#000000"},
	},
	.edge = {
		[EDGE_PLAIN] = {"#555555", "#222222"},
		[EDGE_RING] = {"#b35900", "#222222"},
		[EDGE_CUT] = {"#a63600", "#a63600"},
		[EDGE_HANDLE] = {"#000000", "#222222"},
		[EDGE_MORE] = {"#888888", "#222222"},
	},
};

const struct theme theme_dark = {
	.background = "#16191d", .text = "#f0f0f0", .frame = "#707880",
	.mark = "#ff77cc",
	.node = {
		[NODE_PLAIN] = {"#252a30", "#a0a8b0", "#f0f0f0"},
		[NODE_ROOT] = {"#0b3c5d", "#56b4e9", "#ffffff"},
		[NODE_RING] = {"#5c3200", "#e69f00", "#ffffff"},
		[NODE_OWNER] = {"#4d4600", "#f0e442", "#ffffff"},
		[NODE_SUBJECT] = {"#4d4600", "#ffffff", "#ffffff"},
		[NODE_LIBRARY] = {"#e8e8e8", "#ffffff", "#000000"},
		[NODE_GONE] = {"#16191d", "#ff8a50", "#f0f0f0"},
		[NODE_MORE] = {"#363c44", "#8a929a", "#f0f0f0"},
		[NODE_REMARK] = {"#16191d", "#16191d", "#f0f0f0"},
	},
	.edge = {
		[EDGE_PLAIN] = {"#a0a8b0", "#d8d8d8"},
		[EDGE_RING] = {"#e69f00", "#d8d8d8"},
		[EDGE_CUT] = {"#ff8a50", "#ff8a50"},
		[EDGE_HANDLE] = {"#ffffff", "#d8d8d8"},
		[EDGE_MORE] = {"#8a929a", "#d8d8d8"},
	},
};
