"""Base of the widgets that correct every frame with one image: the image stands beside the frames."""

from __future__ import annotations

from typing import Any, ClassVar

from AnyQt.QtWidgets import QTabWidget, QWidget

from orangecontrib.dfxm.views.image_plot import ImagePlot, make_colormap, percentile_limits
from orangecontrib.dfxm.widgets.compare_widget import CompareWidget


class CorrectionWidget(CompareWidget, openclass=True):
    """A widget that shows the image which its step has made, on a page of its own.

    A concrete widget sets `step_id`, `icon`, `keywords`, `image_title` and, where it is no number of counts,
    `image_label`.
    """

    #: Name of the page with the image.
    image_title: ClassVar[str]
    #: Beside the colour bar.
    image_label: ClassVar[str] = "counts"

    def build_view(self) -> None:
        """Two pages: the frames before and after, and the image."""
        super().build_view()
        self.image_plot = ImagePlot()
        self.pages = QTabWidget()
        self.pages.setDocumentMode(True)
        self.pages.addTab(self.view, "Before and after")
        self.pages.addTab(self.image_plot, self.image_title)
        self.mainArea.layout().addWidget(self.pages)

    def show_result(self, result: Any) -> None:
        """The frames as they leave, and the image that has corrected them."""
        super().show_result(result)
        if result is None:
            self.image_plot.clear_image()
            return
        image = result.frames.operations[-1].state["image"].values
        colormap = make_colormap("gray", percentile_limits(image, 1, 99.5))
        self.image_plot.show_image(image, origin=result.origin, colormap=colormap, label=self.image_label)

    def picture(self) -> QWidget:
        """The page that is shown."""
        return self.pages
