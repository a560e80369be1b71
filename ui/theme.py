"""The desk's colours and type as a Gradio theme: every component takes them from the CSS variables of desk.css."""

from __future__ import annotations

from gradio.themes import Base


def desk_theme() -> Base:
    """Gradio's own variables, pointed at ours. Dark values are the same names: desk.css changes what they hold."""
    both = {
        "body_background_fill": "var(--desk)",
        "body_text_color": "var(--ink)",
        "body_text_color_subdued": "var(--soft)",
        "background_fill_primary": "var(--paper)",
        "background_fill_secondary": "var(--desk)",
        "border_color_primary": "var(--line)",
        "border_color_accent": "var(--accent)",
        "color_accent_soft": "var(--tint)",
        "link_text_color": "var(--accent)",
        "block_background_fill": "transparent",
        "block_border_color": "var(--line)",
        "block_label_background_fill": "transparent",
        "block_label_text_color": "var(--soft)",
        "block_title_text_color": "var(--soft)",
        "block_info_text_color": "var(--soft)",
        "panel_background_fill": "transparent",
        "input_background_fill": "var(--paper)",
        "input_border_color": "var(--line)",
        "input_border_color_focus": "var(--accent)",
        "input_placeholder_color": "var(--soft)",
        "button_primary_background_fill": "var(--accent)",
        "button_primary_background_fill_hover": "var(--accent)",
        "button_primary_text_color": "var(--accent-ink)",
        "button_primary_border_color": "var(--accent)",
        "button_secondary_background_fill": "transparent",
        "button_secondary_background_fill_hover": "var(--tint)",
        "button_secondary_text_color": "var(--ink)",
        "button_secondary_border_color": "var(--line)",
        "checkbox_label_background_fill": "transparent",
        "checkbox_label_background_fill_hover": "var(--tint)",
        "checkbox_label_background_fill_selected": "var(--tint)",
        "checkbox_label_text_color": "var(--ink)",
        "checkbox_label_text_color_selected": "var(--ink)",
        "checkbox_background_color": "var(--paper)",
        "checkbox_background_color_selected": "var(--accent)",
        "checkbox_border_color": "var(--line)",
        "slider_color": "var(--memory)",
    }
    values = {**both, **{f"{name}_dark": value for name, value in both.items()}}
    theme = Base(
        font=["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
        spacing_size="sm",
        radius_size="md",
        text_size="sm",
    )
    return theme.set(**values)
